"""The career platforms that can be emulated, by the names of the bridge's profiles."""

from collections.abc import Mapping

from emulator.career.csv_drop import CSV_DROP
from emulator.career.face import Face
from emulator.career.generic import GENERIC
from emulator.career.handshake import HANDSHAKE
from emulator.career.hivebrite import HIVEBRITE
from emulator.career.symplicity import SYMPLICITY
from emulator.career.twelvetwenty import TWELVETWENTY

FACES: Mapping[str, Face] = {face.name: face for face in (GENERIC, HIVEBRITE, SYMPLICITY, TWELVETWENTY, CSV_DROP, HANDSHAKE)}
