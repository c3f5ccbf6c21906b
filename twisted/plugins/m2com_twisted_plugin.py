"""What twistd can run."""

from twisted.application.service import ServiceMaker

m2sim = ServiceMaker(
    "m2sim",
    "m2com_twisted.programs.m2sim_tap",
    "Simulate the cell controller of the secondary mirror (M2).",
    "m2sim",
)

m2com = ServiceMaker(
    "m2com",
    "m2com_twisted.programs.m2com_tap",
    "Stay connected to the cell controller of the secondary mirror (M2).",
    "m2com",
)
