#!/usr/bin/env bash
# The C code of a 64-bit ARM, made by a cross compiler and run by an emulator: every kernel, the crew, phases, orders.
# The emulator does not stand forks beside threads (test_pool.c), nor the sanitizers; those are run.sh's, on a real one.
#   CC=aarch64-linux-gnu-gcc RUN=qemu-aarch64 TRIALS=4 tests/c/emulated.sh
set -euo pipefail

# shellcheck source=tests/c/common.sh
. "$(dirname "$0")/common.sh"
cc=${CC:-aarch64-linux-gnu-gcc}
run=${RUN:-qemu-aarch64}
trials=${TRIALS:-4}
flags+=(-static) # what is linked so needs no libraries of the other machine

program() { # $1, from the other arguments
    local name=$1
    shift
    "$cc" "${flags[@]}" "$@" -lm -o "$build/$name"
}

echo "== $($cc -dumpmachine), emulated"
"$cc" "${flags[@]}" -DFNN_ISA=neon -DFNN_TABLE=fnn_table_neon -c "$c/kernels.c" -o "$build/neon.o"
program kernels "$here"/{test_kernels,families,product,trial}.c "${once[@]}" "$c/isa.c" "$build/neon.o"
program crew "$here/test_crew.c" "$c/crew.c"
program phases "$here/test_phases.c" "${once[@]}"
program orders "$here/test_orders.c" "$c/orders.c"
for name in crew phases orders; do "$run" "$build/$name"; done
"$run" "$build/kernels" "$trials"
echo "== all emulated C tests passed"
