"""The configuration files the controller knows, and what it tells of one.

Source: :ref:`protocol-events`.
"""

import re

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

_NAME = re.compile(
    r"Configurable_File_Description_(\d{8}T\d{6})_(M2|surrogate)_(optical|handling)\.csv"
)
_CONTROL_PARAMETERS = {
    "M2": "CtrlParameterFiles_2018-07-19_104257_m2",
    "surrogate": "CtrlParameterFiles_2018-07-19_104314_surg",
}
_LUT_PARAMETERS = {"optical": "FinalOpticalLUTs", "handling": "FinalHandlingLUTs"}


def config_event(file: str) -> Message:
    """Return the event ``config`` for a configuration file.

    Three fields follow from the name, and are empty if it does not parse; the
    rest is the same for all files.
    """
    match = _NAME.fullmatch(file)
    version, mirror, table = match.groups() if match else ("", "", "")
    return {
        "id": "config",
        "configuration": file,
        "version": version,
        "controlParameters": _CONTROL_PARAMETERS.get(mirror, ""),
        "lutParameters": _LUT_PARAMETERS.get(table, ""),
        "powerWarningMotor": 5.0,
        "powerFaultMotor": 10.0,
        "powerThresholdMotor": 20.0,
        "powerWarningComm": 5.0,
        "powerFaultComm": 10.0,
        "powerThresholdComm": 10.0,
        "inPositionAxial": 0.158,
        "inPositionTangent": 1.1,
        "inPositionSample": 1.0,
        "timeoutSal": 15.0,
        "timeoutCrio": 1.0,
        "timeoutIlc": 3,
        "inclinometerDelta": 2.0,
        "inclinometerDiffEnabled": True,
        "cellTemperatureDelta": 2.0,
    }
