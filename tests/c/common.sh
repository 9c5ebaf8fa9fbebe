# What the scripts beside it share: folders, a place to build in, how C is compiled, the sources that are compiled once.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
c=$here/../../src/fastnn/_kernels/c
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# As setup.py builds, but for the optimisation level, which is what the sanitizers' build time hangs on.
flags=(-O1 -g1 -std=gnu11 -fwrapv -fno-math-errno -fno-trapping-math -ffp-contract=off -pthread
    -Wall -Wextra -Werror -fno-omit-frame-pointer "-I$c")
once=("$c"/{flag,cpus,crew,pool,phases,worth,exec}.c)
