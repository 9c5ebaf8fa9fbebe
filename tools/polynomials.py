"""Derive the minimax polynomials of the kernels' elementary functions.

    python tools/polynomials.py                  # derive and print every polynomial
    python tools/polynomials.py erf_poly_f32     # only this one
    python tools/polynomials.py --check          # compare with the .inc files; exit 1 on a mismatch

`FITS` is the table of what is approximated: one row a polynomial. `remez` finds the polynomial whose largest weighted
error is least; `derive` rounds its coefficients to the type of the kernel; `listing` writes them as C; `compare` holds
them against what stands in ``src/fastnn/_kernels/c/poly_*.inc``. All arithmetic has 50 digits.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from mpmath import mp, mpf

mp.dps = 50

KERNELS = Path(__file__).resolve().parents[1] / "src" / "fastnn" / "_kernels" / "c"
MANTISSA_BITS = {"float32": 24, "float64": 53}
NODES = 1500  # the error is looked at on this many Chebyshev intervals
LEVEL = mpf("1.02")  # the exchange ends when the largest extremum exceeds the smallest by no more than this
EXCHANGES = 30  # or after this many rounds
TIE = mpf("1e-20")  # extrema that differ by less, relatively, are equal
TOLERANCE = 1  # units in the last place that a stored coefficient may differ by
LINE = 115  # columns of the C listing
FAR = mpf("4.3")  # where quantile_far has its centre: about the middle of sqrt(6)..6

Function = Callable[[mpf], mpf]


# ---- what is approximated ----------------------------------------------------------------------------


@cache
def exp_rest(x: mpf) -> mpf:
    """Return (e^x - 1 - x) / x^2, as a series that cancels nowhere: 1F1(1; 3; x) / 2."""
    return mp.hyp1f1(1, 3, x) / 2


@cache
def log_rest(x: mpf) -> mpf:
    """Return (2 artanh(s) / s - 2) / x with x = s^2, which is 2/3 2F1(1, 3/2; 5/2; x)."""
    return mpf(2) / 3 * mp.hyp2f1(1, mpf(3) / 2, mpf(5) / 2, x)


@cache
def sin_rest(x: mpf) -> mpf:
    """Return (sin(z) / z - 1) / x with x = z^2, which is -1/6 1F2(1; 2, 5/2; -x / 4)."""
    return -mp.hyp1f2(1, 2, mpf(5) / 2, -x / 4) / 6


@cache
def cos_rest(x: mpf) -> mpf:
    """Return (cos(z) - 1 + x / 2) / x^2 with x = z^2, which is 1/24 1F2(1; 5/2, 3; -x / 4)."""
    return mp.hyp1f2(1, mpf(5) / 2, 3, -x / 4) / 24


def arctan_rest(x: mpf) -> mpf:
    """Return (arctan(z) / z - 1) / x with x = z^2: artanh(iz) = i arctan(z)."""
    return -log_rest(-x) / 2


@cache
def erf_rest(x: mpf) -> mpf:
    """Return erf(z) / z - 1 with x = z^2, which is 2 / sqrt(pi) 1F1(1/2; 3/2; -x) - 1."""
    return 2 / mp.sqrt(mp.pi) * mp.hyp1f1(mpf(1) / 2, mpf(3) / 2, -x) - 1


def scaled_erfcx(centre: int) -> Function:
    """Return x -> (z + centre) e^(z^2) erfc(z) with x = (z - centre) / (z + centre).

    The map takes z >= 0 to [-1, 1), and the factor takes out the 1 / z by which the function decays.
    """

    @cache
    def function(x: mpf) -> mpf:
        z = centre * (1 + x) / (1 - x)
        return (z + centre) * mp.exp(z * z) * mp.erfc(z)

    return function


@cache
def quantile(w: mpf) -> mpf:
    """Return x / y where P(|N(0,1)| < x) = y and w = -log(1 - y^2); sqrt(pi / 2) at w = 0."""
    y = mp.sqrt(-mp.expm1(-w))
    return mp.sqrt(2) * mp.erfinv(y) / y if y else mp.sqrt(mp.pi / 2)


def quantile_near(x: mpf) -> mpf:
    """Return `quantile` at w = x + 3."""
    return quantile(x + 3)


def quantile_far(x: mpf) -> mpf:
    """Return `quantile` at sqrt(w) = x + 4.3."""
    return quantile((x + FAR) ** 2)


def relative(function: Function, offset: int = 0) -> Function:
    """Return the weight that makes an error relative to offset + function."""
    return lambda x: 1 / (offset + function(x))


# ---- the table ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """One polynomial of the kernels.

    Parameters
    ----------
    name : str
        The C function, without its ``FN()``.
    function : callable
        What is approximated.
    weight : callable
        What the error is multiplied by.
    interval : tuple of (mpf, mpf)
        Where.
    degree : int
        Of the polynomial.
    dtype : str
        The type that the coefficients are rounded to.
    singly : int
        So many coefficients, from the constant one on, are rounded one after the other, each time with a new fit of
        those above it, which takes up the error of the rounding. The rest is rounded at once.
    """

    name: str
    function: Function
    weight: Function
    interval: tuple[mpf, mpf]
    degree: int
    dtype: str
    singly: int

    @property
    def file(self) -> str:
        """The file that the polynomial stands in."""
        return "poly_quantile.inc" if self.name.startswith("quantile") else f"poly_f{self.dtype[-2:]}.inc"


MARGIN = mpf("1.001")  # a reduced argument may be rounded to just outside its interval
HALF_LN2 = MARGIN * mp.log(2) / 2
PI_4 = (mpf("1.003") * mp.pi / 4) ** 2  # the largest multiple of pi/2 taken off is rounded to within 2^-9
TAN_PI_8 = MARGIN * (mp.sqrt(2) - 1) ** 2  # z^2 where arctan(z) = pi/8
ARTANH_LN2 = MARGIN * ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2  # s^2 where 2 artanh(s) = ln(2) / 2


def exp_weight(x: mpf) -> mpf:
    """Weigh for expm1: x^2 times the error, over x. The constant keeps it from vanishing at 0."""
    return abs(x) + mpf("1e-3")


def log_weight(x: mpf) -> mpf:
    """Weigh for log: s x times the error, over 2 artanh(s), about 2 s. The constant keeps it from vanishing at 0."""
    return x / 2 + mpf("1e-6")


def first_order_weight(x: mpf) -> mpf:
    """Weigh for sin and arctan: x times the error. The constant keeps it from vanishing at 0."""
    return x + mpf("1e-6")


def cos_weight(x: mpf) -> mpf:
    """Weigh for cos: x^2 times the error, over the least of cos. The constant keeps it from vanishing at 0."""
    return mp.sqrt(2) * x * x + mpf("1e-6")


def erfcx_fit(name: str, centre: int, end: int, degree: int, dtype: str) -> Fit:
    """Return the fit of `scaled_erfcx` for 0 <= z <= end."""
    function = scaled_erfcx(centre)
    interval = (mpf(-1), mpf(end - centre) / (end + centre))
    return Fit(name, function, relative(function), interval, degree, dtype, singly=1)


# Every row leads to the stored numbers, bit for bit. The quantiles are fitted for float32 alone: float64 starts from
# them and makes one step of the third order.
# fmt: off
FITS = (
    #   name                 function       weight                   interval                   degree   dtype   singly
    Fit("exp_poly_f32",      exp_rest,      exp_weight,              (-HALF_LN2, HALF_LN2),            4, "float32", 0),
    Fit("log_poly_f32",      log_rest,      log_weight,              (mpf(0), ARTANH_LN2),             2, "float32", 3),
    Fit("log_unit_poly_f32", log_rest,      log_weight,              (mpf(0), mpf(1) / 9),             3, "float32", 1),
    Fit("erf_poly_f32",      erf_rest,      relative(erf_rest, 1),   (mpf(0), mpf(1)),                 6, "float32", 3),
    erfcx_fit("erfcx_poly_f32", centre=3, end=11,                                            degree=9, dtype="float32"),
    Fit("sin_poly_f32",      sin_rest,      first_order_weight,      (mpf(0), PI_4),                  2, "float32", 1),
    Fit("cos_poly_f32",      cos_rest,      cos_weight,              (mpf(0), PI_4),                  2, "float32", 1),
    Fit("arctan_poly_f32",   arctan_rest,   first_order_weight,      (mpf(0), TAN_PI_8),              4, "float32", 1),
    Fit("exp_poly_f64",      exp_rest,      exp_weight,              (-HALF_LN2, HALF_LN2),            9, "float64", 0),
    Fit("log_poly_f64",      log_rest,      log_weight,              (mpf(0), ARTANH_LN2),             6, "float64", 3),
    Fit("log_unit_poly_f64", log_rest,      log_weight,              (mpf(0), mpf(1) / 9),             9, "float64", 1),
    Fit("erf_poly_f64",      erf_rest,      relative(erf_rest, 1),   (mpf(0), mpf(1)),                11, "float64", 3),
    erfcx_fit("erfcx_poly_f64", centre=4, end=28,                                           degree=22, dtype="float64"),
    Fit("sin_poly_f64",      sin_rest,      first_order_weight,      (mpf(0), PI_4),                  5, "float64", 1),
    Fit("cos_poly_f64",      cos_rest,      cos_weight,              (mpf(0), PI_4),                  5, "float64", 1),
    Fit("arctan_poly_f64",   arctan_rest,   first_order_weight,      (mpf(0), TAN_PI_8),             10, "float64", 1),
    Fit("quantile_near",     quantile_near, relative(quantile_near), (mpf(-3), mpf(3)),                9, "float32", 1),
    Fit("quantile_far",      quantile_far,  relative(quantile_far),  (mp.sqrt(6) - FAR, mpf(6) - FAR), 9, "float32", 0),
)
# fmt: on


# ---- the best polynomial -----------------------------------------------------------------------------


def horner(coefficients: Sequence[mpf], x: mpf) -> mpf:
    """Evaluate a polynomial, its constant coefficient first."""
    y = mpf(0)
    for c in reversed(coefficients):
        y = y * x + c
    return y


def chebyshev(fit: Fit, intervals: int) -> list[mpf]:
    """Return the extrema of the Chebyshev polynomial of this degree, moved to the interval of the fit, ascending."""
    low, high = fit.interval
    return [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / intervals) for i in range(intervals + 1)]


def errors(fit: Fit, coefficients: Sequence[mpf]) -> list[mpf]:
    """Return the weighted error of a polynomial on the nodes."""
    return [fit.weight(x) * (fit.function(x) - horner(coefficients, x)) for x in chebyshev(fit, NODES)]


def maximum_error(fit: Fit, coefficients: Sequence[mpf]) -> mpf:
    """Return the largest weighted error on the nodes."""
    return max(map(abs, errors(fit, coefficients)))


def level(fit: Fit, fixed: Sequence[mpf], points: Sequence[mpf]) -> list[mpf]:
    """Return the polynomial whose weighted errors at the points are equal in size and alternate in sign."""
    powers = range(len(fixed), fit.degree + 1)
    matrix = [[x**p for p in powers] + [(-1) ** i / fit.weight(x)] for i, x in enumerate(points)]
    values = [fit.function(x) - horner(fixed, x) for x in points]
    solution = mp.lu_solve(mp.matrix(matrix), mp.matrix(values))
    return [*fixed, *list(solution)[:-1]]


def extrema(error: Sequence[mpf], count: int) -> list[int]:
    """Return where the error is extremal, once in each run of one sign.

    Of more than `count`, the smaller one at either end goes, until `count` are left. Two that were points of the last
    exchange are equal but for the 50th digit: of such, the last one goes.
    """
    runs = groupby(range(len(error)), key=lambda i: error[i] > 0)
    found = [max(run, key=lambda i: abs(error[i])) for _, run in runs]
    while len(found) > count:
        first, last = abs(error[found[0]]), abs(error[found[-1]])
        found.pop(0 if first < last * (1 - TIE) else -1)
    return found


def remez(fit: Fit, fixed: Sequence[mpf] = ()) -> tuple[list[mpf], mpf]:
    """Find the polynomial with the least maximum of the weighted error, by Remez' exchange of points.

    Parameters
    ----------
    fit : Fit
        The function, weight, interval and degree.
    fixed : sequence of mpf
        Coefficients that are given, from the constant one on.

    Returns
    -------
    coefficients : list of mpf
        All of them, the fixed ones first.
    spread : mpf
        The largest extremum over the smallest of those that alternate: no polynomial's maximum is less than this one's
        divided by `spread`. Infinite if too few alternate.
    """
    count = fit.degree + 2 - len(fixed)
    nodes = chebyshev(fit, NODES)
    points = chebyshev(fit, count - 1)
    for _ in range(EXCHANGES):
        coefficients = level(fit, fixed, points)
        error = errors(fit, coefficients)
        found = extrema(error, count)
        least = min(abs(error[i]) for i in found)
        spread = max(map(abs, error)) / least if len(found) == count and least else mp.inf
        if spread < LEVEL or spread == mp.inf:
            break
        points = [nodes[i] for i in found]
    return coefficients, spread


# ---- rounding ----------------------------------------------------------------------------------------


def rounded(x: mpf, dtype: str) -> mpf:
    """Return the number of this type that is nearest to x."""
    with mp.workprec(MANTISSA_BITS[dtype]):
        return +x


@dataclass(frozen=True)
class Derived:
    """The outcome of a fit: rounded coefficients, the constant one first, and maxima of the weighted error."""

    coefficients: list[mpf]
    ideal: mpf  # before rounding
    spread: mpf  # see remez
    error: mpf  # after rounding


def derive(fit: Fit) -> Derived:
    """Fit and round, the first coefficients singly."""
    ideal, spread = remez(fit)
    fixed: list[mpf] = []
    for _ in range(fit.singly):
        fixed.append(rounded(remez(fit, fixed)[0][len(fixed)], fit.dtype))
    if len(fixed) <= fit.degree:
        fixed = [rounded(c, fit.dtype) for c in remez(fit, fixed)[0]]
    return Derived(fixed, maximum_error(fit, ideal), spread, maximum_error(fit, fixed))


# ---- C -----------------------------------------------------------------------------------------------


def listing(fit: Fit, derived: Derived) -> str:
    """Write a polynomial as it stands in its file: Horner's rule, the highest coefficient first."""
    first, *rest = [hexadecimal(fit, c) for c in reversed(derived.coefficients)]
    if fit.file == "poly_quantile.inc":
        head, steps = f"real y = R({first});", [f"y = RFMA(y, x, R({c}));" for c in rest]
    elif fit.dtype == "float32":
        head, steps = f"float y = {first}f;", [f"H({c});" for c in rest]
    else:
        head, steps = f"double y = {first};", [f"H({c});" for c in rest]
    lines = ["    " + head, "   "]
    for step in steps:
        if len(lines[-1]) + 1 + len(step) > LINE:
            lines.append("   ")
        lines[-1] += " " + step
    return "\n".join(lines)


def hexadecimal(fit: Fit, c: mpf) -> str:
    """Write a coefficient; zeros at its end are dropped, in pairs, or all of them in poly_quantile.inc."""
    digits, exponent = float(c).hex().split("p")
    digits = digits[: digits.index(".") + 1 + (6 if fit.dtype == "float32" else 13)]
    digits = re.sub(r"0*$" if fit.file == "poly_quantile.inc" else r"(00)*$", "", digits)
    return f"{digits.rstrip('.')}p{exponent}"


def stored(file: str) -> dict[str, list[mpf]]:
    """Read the polynomials of a file: the coefficients of each function, the constant one first."""
    source = (KERNELS / file).read_text(encoding="utf-8")
    bodies = re.findall(r"^static inline \w+ (?:FN\()?(\w+)\)?\(\w+ x\)\n\{(.*?)^\}", source, re.M | re.S)
    return {
        name: [mpf(float.fromhex(c)) for c in reversed(re.findall(r"-?0x[\d.a-f]+p[-+]\d+", body))]
        for name, body in bodies
    }


# ---- the program -------------------------------------------------------------------------------------


def difference(a: mpf, b: mpf, dtype: str) -> mpf:
    """Return |a - b| in units in the last place of b."""
    return abs(a - b) / mpf(2) ** (mp.frexp(b)[1] - MANTISSA_BITS[dtype])


def compare(fit: Fit, derived: Derived, found: Sequence[mpf]) -> str | None:
    """Return what is wrong with the coefficients found in a file, or None."""
    if len(found) != len(derived.coefficients):
        return f"{fit.file} holds {len(found)} coefficients, derived {len(derived.coefficients)}"
    for power, (here, there) in enumerate(zip(derived.coefficients, found, strict=True)):
        apart = difference(here, there, fit.dtype)
        if apart > TOLERANCE:
            return (
                f"x^{power}: {fit.file} holds {hexadecimal(fit, there)}, derived {hexadecimal(fit, here)}: "
                f"{mp.nstr(apart, 3)} units in the last place"
            )
    return None


def power_of_two(x: mpf) -> str:
    """Write x as a power of two."""
    return f"2^{float(mp.log(x, 2)):.2f}"


def show(fits: Iterable[Fit]) -> int:
    """Derive and print."""
    for fit in fits:
        derived = derive(fit)
        note = f"unrounded {power_of_two(derived.ideal)}, least possible {power_of_two(derived.ideal / derived.spread)}"
        print(f"/* {fit.name}: weighted error {power_of_two(derived.error)} ({note}) */")
        print(listing(fit, derived), end="\n\n", flush=True)
    return 0


def check(fits: Sequence[Fit]) -> int:
    """Derive and compare with the files; return the exit status."""
    files = {file: stored(file) for file in sorted({fit.file for fit in FITS})}
    unknown = {name for file in files.values() for name in file} - {fit.name for fit in FITS}
    wrong = [f"{name}: not in the table" for name in sorted(unknown)]
    total = identical = 0
    for fit in fits:
        derived, found = derive(fit), files[fit.file].get(fit.name, [])
        same = sum(a == b for a, b in zip(derived.coefficients, found, strict=False))
        total, identical = total + len(derived.coefficients), identical + same
        problem = compare(fit, derived, found)
        wrong += [f"{fit.name}: {problem}"] if problem else []
        state = "MISMATCH" if problem else f"{same} of {len(found)} coefficients identical"
        print(f"{fit.name:18} {fit.file:18} weighted error {power_of_two(derived.error):9} {state}", flush=True)
    print(f"compared {total} coefficients of {len(fits)} polynomials: {identical} identical bit for bit", end="; ")
    print(f"{len(wrong)} problems (more than {TOLERANCE} unit in the last place apart, or missing)", flush=True)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Derive the minimax polynomials of the kernels.")
    parser.add_argument("names", nargs="*", help="polynomials (default: all)")
    parser.add_argument("--check", action="store_true", help="compare with the .inc files; exit 1 on a mismatch")
    args = parser.parse_args()
    unknown = set(args.names) - {fit.name for fit in FITS}
    if unknown:
        parser.error(f"no such polynomial: {', '.join(sorted(unknown))}")
    fits = [fit for fit in FITS if not args.names or fit.name in args.names]
    return check(fits) if args.check else show(fits)


if __name__ == "__main__":
    sys.exit(main())
