"""The configuration files of the controller, and the event that describes one.

Source: :ref:`protocol-events`.
"""

import re

from ...catalogue import events
from ...wire.codec import Message

__all__ = ["CONFIGURATION_FILES", "DEFAULT_CONFIGURATION_FILE", "config_event"]

#: The files on the controller's disk.
CONFIGURATION_FILES = (
    "Configurable_File_Description_20180831T091922_M2_optical.csv",
    "Configurable_File_Description_20180831T092326_M2_handling.csv",
    "Configurable_File_Description_20180831T092423_surrogate_optical.csv",
    "Configurable_File_Description_20180831T092556_surrogate_handling.csv",
)

#: The file in use at start.
DEFAULT_CONFIGURATION_FILE = CONFIGURATION_FILES[3]

#: The end of a file name: version, mirror and table.  Capital and small letters are the same.
_NAME = re.compile(r"(?:.*_)?([^_]+)_(m2|surrogate)_(optical|handling)\.csv", re.IGNORECASE)
_CONTROL_PARAMETERS = {
    "m2": "CtrlParameterFiles_2018-07-19_104257_m2",
    "surrogate": "CtrlParameterFiles_2018-07-19_104314_surg",
}
_LUT_PARAMETERS = {"optical": "FinalOpticalLUTs", "handling": "FinalHandlingLUTs"}


def config_event(file: str) -> Message:
    """Return the event ``config`` for a configuration file.

    Three fields are parsed from the name, and are empty if it has another form.  The
    other fields are the same for all files.
    """
    match = _NAME.fullmatch(file)
    version, mirror, table = match.groups() if match else ("", "", "")
    return events.Config(
        configuration=file,
        version=version,
        control_parameters=_CONTROL_PARAMETERS.get(mirror.lower(), ""),
        lut_parameters=_LUT_PARAMETERS.get(table.lower(), ""),
        power_warning_motor=5.0,
        power_fault_motor=10.0,
        power_threshold_motor=20.0,
        power_warning_comm=5.0,
        power_fault_comm=10.0,
        power_threshold_comm=10.0,
        in_position_axial=0.158,
        in_position_tangent=1.1,
        in_position_sample=1.0,
        timeout_sal=15.0,
        timeout_crio=1.0,
        timeout_ilc=3,
        inclinometer_delta=2.0,
        inclinometer_diff_enabled=True,
        cell_temperature_delta=2.0,
    ).to_message()
