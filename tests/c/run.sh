#!/usr/bin/env bash
# The C code without Python, under sanitizers:
#   every kernel at every instruction set of this machine   AddressSanitizer + UBSan; random orders and quotients, too
#   every kernel on several threads at the best of them     ThreadSanitizer
#   the crew, the pool and the executor                     ThreadSanitizer, and plain
# A sanitizer that the compiler lacks is skipped with a line that says so.
#   CC=clang TRIALS=100 tests/c/run.sh
set -euo pipefail

# shellcheck source=tests/c/common.sh
. "$(dirname "$0")/common.sh"
cc=${CC:-cc}
trials=${TRIALS:-24}

memory=(-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all)
race=(-fsanitize=thread)
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS="die_after_fork=0 halt_on_error=1"

case $(uname -m) in
x86_64 | amd64) isas=(avx512 avx2 baseline) ;;
aarch64 | arm64) isas=(neon) ;;
*) isas=(baseline) ;;
esac

isa_flags() {
    case $1 in
    avx512) echo "-march=x86-64-v4 -mprefer-vector-width=512" ;;
    avx2) echo "-march=x86-64-v3" ;;
    esac
    echo "-DFNN_ISA=$1 -DFNN_TABLE=fnn_table_$1"
}

for isa in "${isas[@]}"; do
    "$cc" "${flags[@]}" "-DFNN_TABLE=fnn_table_$isa" -c "$here/stub_table.c" -o "$build/stub-$isa.o"
done
"$cc" "${flags[@]}" "$here/list_isas.c" "$c/isa.c" "$build"/stub-*.o -o "$build/list_isas"
mapfile -t usable < <("$build/list_isas")

# Some kernels randomise addresses more than ThreadSanitizer can stand.
launch=()
works() { # does a program with these flags build and run?
    echo 'int main(void) { return 0; }' >"$build/probe.c"
    "$cc" "${flags[@]}" "$@" "$build/probe.c" -o "$build/probe" 2>/dev/null || return 1
    "$build/probe" 2>/dev/null && return 0
    launch=(setarch -R)
    "${launch[@]}" "$build/probe" 2>/dev/null && return 0
    launch=()
    return 1
}

# test_kernels with the real table for the instruction sets $3..., under the flags "$extra"
build_kernels() {
    local name=$1 isa objects=() jobs=()
    shift
    for isa in "${isas[@]}"; do
        objects+=("$build/stub-$isa.o")
        if [[ " $* " == *" $isa "* ]]; then
            objects[-1]="$build/$name-$isa.o"
            # shellcheck disable=SC2046
            "$cc" "${flags[@]}" "${extra[@]}" $(isa_flags "$isa") -c "$c/kernels.c" -o "$build/$name-$isa.o" &
            jobs+=($!)
        fi
    done
    for job in "${jobs[@]}"; do wait "$job"; done
    "$cc" "${flags[@]}" "${extra[@]}" "$here"/{test_kernels,families,product,trial}.c "${once[@]}" "$c/isa.c" \
        "${objects[@]}" -lm -o "$build/$name"
}

check_choice() { # FASTNN_ISA is obeyed, or blamed
    local said
    said=$(FASTNN_ISA=nonsense "$1" --problem)
    [[ $said == *nonsense*"${usable[-1]}"* ]] || { echo "FASTNN_ISA=nonsense: $said" && exit 1; }
    said=$(FASTNN_ISA=${usable[-1]} "$1" --problem)
    [[ $said == none ]] || { echo "FASTNN_ISA=${usable[-1]}: $said" && exit 1; }
}

echo "== crew, pool and executor"
"$cc" "${flags[@]}" "$here/test_crew.c" "$c/crew.c" -o "$build/crew"
"$build/crew"
"$cc" "${flags[@]}" "$here/test_worth.c" "$c/worth.c" -o "$build/worth"
"$build/worth"
for extra in "-O2" "-O2 -DFNN_NO_FUTEX"; do
    for program in pool company phases; do
        # shellcheck disable=SC2086
        "$cc" "${flags[@]}" $extra "$here/test_$program.c" "${once[@]}" -o "$build/$program"
        "$build/$program"
    done
done

if works "${race[@]}"; then
    echo "== pool and executor, ThreadSanitizer"
    for program in pool company phases; do
        "$cc" "${flags[@]}" "${race[@]}" "$here/test_$program.c" "${once[@]}" -o "$build/$program-race"
        "${launch[@]}" "$build/$program-race"
    done
    echo "== kernels on threads, ThreadSanitizer: ${usable[0]}"
    extra=("${race[@]}")
    build_kernels kernels-race "${usable[0]}"
    FASTNN_ISA=${usable[0]} "${launch[@]}" "$build/kernels-race" "$(((trials + 2) / 3))" threads
else
    echo "SKIPPED: $cc has no ThreadSanitizer runtime"
fi

launch=()
if works "${memory[@]}"; then
    extra=("${memory[@]}")
    echo "== kernels, AddressSanitizer and UBSan: ${usable[*]}"
else
    extra=()
    echo "SKIPPED: $cc has no AddressSanitizer and UBSan runtime; kernels without: ${usable[*]}"
fi
"$cc" "${flags[@]}" "${extra[@]}" "$here/test_orders.c" "$c/orders.c" -o "$build/orders"
"${launch[@]}" "$build/orders"
# shellcheck disable=SC2046
"$cc" "${flags[@]}" "${extra[@]}" $(isa_flags "${usable[0]}") "$here/test_quotient.c" -lm -o "$build/quotient"
"${launch[@]}" "$build/quotient"
build_kernels kernels "${usable[@]}"
check_choice "$build/kernels"
"${launch[@]}" "$build/kernels" "$trials"
echo "== all C tests passed"
