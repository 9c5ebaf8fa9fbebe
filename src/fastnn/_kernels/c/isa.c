/* Chooses the instruction set: kernels.c is compiled once for each, into one table each. */
#include "fnn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096 }; /* of the hash index, a power of two well above the number of kernels */

typedef struct {
    const char *name;
    int (*usable)(void);
    const fnn_entry *(*table)(int *count);
    const fnn_entry *entries;
    int count;
    int16_t slot[SLOTS]; /* 1 + place in entries, 0: free */
} variant;

static int always(void)
{
    return 1;
}

#ifdef __x86_64__
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

const fnn_entry *fnn_table_avx512(int *count);
const fnn_entry *fnn_table_avx2(int *count);
const fnn_entry *fnn_table_baseline(int *count);

static variant variants[] = {
    {.name = "avx512", .usable = has_avx512, .table = fnn_table_avx512},
    {.name = "avx2", .usable = has_avx2, .table = fnn_table_avx2},
    {.name = "baseline", .usable = always, .table = fnn_table_baseline},
};
#elif defined(__aarch64__)
const fnn_entry *fnn_table_neon(int *count);

static variant variants[] = {{.name = "neon", .usable = always, .table = fnn_table_neon}};
#else
const fnn_entry *fnn_table_baseline(int *count);

static variant variants[] = {{.name = "baseline", .usable = always, .table = fnn_table_baseline}};
#endif

enum { VARIANTS = sizeof variants / sizeof variants[0] };

int fnn_slow_divider;

static variant *in_use;
static char problem[256];

/* FNV-1a over the name, then the dtype. */
static unsigned hash(const char *name, int dtype)
{
    unsigned h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return (h ^ (unsigned)dtype) * 16777619u;
}

/* The slot that holds the kernel, or the free one where it would go. */
static unsigned seek(const variant *v, const char *name, int dtype)
{
    unsigned i = hash(name, dtype) % SLOTS;
    while (v->slot[i]) {
        const fnn_entry *e = &v->entries[v->slot[i] - 1];
        if (e->dtype == dtype && !strcmp(e->name, name))
            break;
        i = (i + 1) % SLOTS;
    }
    return i;
}

/* Only for a usable variant: the table's own code may already need the instruction set. */
static void open_table(variant *v)
{
    v->entries = v->table(&v->count);
    if (v->count > SLOTS / 2) {
        fprintf(stderr, "fastnn: %d kernels do not fit into the index of isa.c\n", v->count);
        abort();
    }
    for (int i = 0; i < v->count; i++) {
        unsigned at = seek(v, v->entries[i].name, v->entries[i].dtype);
        if (!v->slot[at]) /* the first of equals wins */
            v->slot[at] = (int16_t)(i + 1);
    }
}

int fnn_isa_available(int i, const char **name)
{
    for (int v = 0; v < VARIANTS; v++) {
        if (variants[v].entries && i-- == 0) {
            *name = variants[v].name;
            return 1;
        }
    }
    return 0;
}

int fnn_isa_select(const char *name)
{
    for (int v = 0; v < VARIANTS; v++) {
        if (variants[v].entries && !strcmp(variants[v].name, name)) {
            __atomic_store_n(&in_use, &variants[v], __ATOMIC_RELEASE);
            return 0;
        }
    }
    return -1;
}

static int is_known(const char *name)
{
    for (int v = 0; v < VARIANTS; v++)
        if (!strcmp(variants[v].name, name))
            return 1;
    return 0;
}

static void note_problem(const char *wanted)
{
    const char *name;
    size_t end = (size_t)snprintf(problem, sizeof problem, "FASTNN_ISA=%.40s %s; usable here:", wanted,
                                  is_known(wanted) ? "cannot run on this processor" : "names no instruction set");
    for (int i = 0; fnn_isa_available(i, &name); i++)
        end += (size_t)snprintf(problem + end, sizeof problem - end, "%s %s", i ? "," : "", name);
}

__attribute__((constructor)) static void choose(void)
{
    const char *wanted = getenv("FASTNN_ISA");
#ifdef __x86_64__
    __builtin_cpu_init();
    fnn_slow_divider = __builtin_cpu_is("intel"); /* 10 cycles a vector of AVX-512, a square root 12 more on the same unit */
#endif
    for (int v = VARIANTS - 1; v >= 0; v--) { /* the last is usable everywhere, the first is the best */
        if (!variants[v].usable())
            continue;
        open_table(&variants[v]);
        in_use = &variants[v];
    }
    if (wanted && *wanted && fnn_isa_select(wanted))
        note_problem(wanted);
}

static variant *current(void)
{
    return __atomic_load_n(&in_use, __ATOMIC_ACQUIRE);
}

const char *fnn_isa(void)
{
    return current()->name;
}

const char *fnn_isa_problem(void)
{
    return *problem ? problem : 0;
}

const fnn_entry *fnn_find(const char *name, int dtype)
{
    const variant *v = current();
    int at = v->slot[seek(v, name, dtype)];
    return at ? &v->entries[at - 1] : 0;
}

int fnn_entry_at(int i, const fnn_entry **e)
{
    const variant *v = current();
    if (i < 0 || i >= v->count)
        return 0;
    *e = &v->entries[i];
    return 1;
}
