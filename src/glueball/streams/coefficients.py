"""Coefficients of the inverse normal distribution, by `tools/fit_normal.py`: do not edit.

They define the streams: a change of one bit changes the initial values of every model.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FLOAT32", "FLOAT64", "NormalTable"]


class NormalTable(NamedTuple):
    """The constants of `normal_from_bits` in one dtype; a polynomial's constant comes first.

    `log` is P in 2 ln m = r + r^2 P(r), r = 2m - 2, for m in [split, 2 split). `num` and `den` are
    N and D in z = l D(T) / (T D(T) + N(T)), T = sqrt(shift - l), l = 2 ln x; D's leading 1 is left out.
    """

    split: float
    two_ln2: float
    shift: float
    log: tuple[float, ...]
    num: tuple[float, ...]
    den: tuple[float, ...]


# Largest error of 2 ln m: 8.7e-08. Largest error of z/max(|z|, 1) by N/D:
# 2.4e-08 with the float32 coefficients.
FLOAT32 = NormalTable(
    split=0.75,
    two_ln2=1.3862943649291992,
    shift=1.5,
    log=(
        -0.2500011622905731,
        0.08332392573356628,
        -0.031220626085996628,
        0.012576110661029816,
        -0.005433118902146816,
        0.002190559171140194,
        -0.0005055431975051761,
    ),
    num=(
        -4.7954206466674805,
        22.43140411376953,
        3.478287935256958,
        0.016101855784654617,
    ),
    den=(
        -3.6473896503448486,
        42.11674499511719,
        16.993865966796875,
    ),
)

# Largest error of 2 ln m: 4.9e-19. Largest error of z/max(|z|, 1) by N/D:
# 4.9e-18 before the coefficients are rounded.
FLOAT64 = NormalTable(
    split=0.75,
    two_ln2=1.3862943611198906,
    shift=1.3862943611198906,
    log=(
        -0.2499999999999999,
        0.0833333333333328,
        -0.03125000000001353,
        0.012500000000048085,
        -0.005208333332852484,
        0.0022321428554256304,
        -0.0009765625075520902,
        0.0004340278090598918,
        -0.00019531244679401433,
        8.877809301225459e-05,
        -4.06901666120244e-05,
        1.878182324311458e-05,
        -8.720736073451803e-06,
        4.064085738576339e-06,
        -1.898422626644614e-06,
        9.002237768275547e-07,
        -4.4320399922024085e-07,
        2.164543902906577e-07,
        -8.893490210625807e-08,
        2.446412188882632e-08,
        -3.1743951579207426e-09,
    ),
    num=(
        -1092.2053184786016,
        -8016.568610193327,
        90764.62500122185,
        326577.6072371709,
        208955.92081970206,
        63319.593572273014,
        8718.77404675515,
        427.9411171516412,
        5.319667649979248,
        0.00313270319490866,
    ),
    den=(
        -2906.634127867827,
        -11881.83685360034,
        194126.77626145704,
        649303.2834778466,
        532395.5591595621,
        202072.02193377327,
        40011.02068652324,
        3627.644539854612,
        121.17686828449807,
    ),
)
