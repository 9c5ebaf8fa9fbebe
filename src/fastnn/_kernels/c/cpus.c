/* See cpus.h. */
#define _GNU_SOURCE
#include "cpus.h"

#include "fnn.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096 };

/* Reads the first line of dir/name; 0 on success. */
static int read_line(const char *dir, const char *name, char *line, int size)
{
    char path[2 * PATH];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    int failed = !fgets(line, size, f);
    fclose(f);
    return failed ? -1 : 0;
}

static int whole_cpus(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long cpus = (quota + period - 1) / period;
    return cpus > INT_MAX ? 0 : (int)cpus;
}

/* Version 2: cpu.max is "max 100000" or "150000 100000". */
static int quota_v2(const char *dir)
{
    char line[64];
    long long quota, period;
    if (read_line(dir, "cpu.max", line, sizeof line) || sscanf(line, "%lld %lld", &quota, &period) != 2)
        return 0;
    return whole_cpus(quota, period);
}

/* Version 1: a file each; the quota is -1 where there is none. */
static int quota_v1(const char *dir)
{
    char quota[32], period[32];
    if (read_line(dir, "cpu.cfs_quota_us", quota, sizeof quota) ||
        read_line(dir, "cpu.cfs_period_us", period, sizeof period))
        return 0;
    return whole_cpus(atoll(quota), atoll(period));
}

/* The tightest quota from mount/group up to mount itself. Inside a container the path may be the
 * host's and not exist: the walk then ends at the mount, which is the container's own group. */
static int tightest(const char *mount, const char *group, int (*quota)(const char *dir))
{
    char dir[PATH];
    int least = 0;
    size_t root = strlen(mount);
    if (snprintf(dir, sizeof dir, "%s%s", mount, group) >= (int)sizeof dir)
        return 0;
    for (;;) {
        int cpus = quota(dir);
        if (cpus && (!least || cpus < least))
            least = cpus;
        char *slash = strrchr(dir, '/');
        if (!slash || slash < dir + root)
            return least;
        *slash = 0;
    }
}

static int has_cpu_controller(char *list)
{
    char *rest = 0;
    for (char *c = strtok_r(list, ",", &rest); c; c = strtok_r(0, ",", &rest))
        if (!strcmp(c, "cpu"))
            return 1;
    return 0;
}

/* A line of /proc/self/cgroup: "0::/group" (version 2) or "4:cpu,cpuacct:/group" (version 1). */
static int quota_of_line(char *line, const char *mount)
{
    char v1[PATH];
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : 0;
    if (!group)
        return 0;
    controllers++;
    *group++ = 0;
    if (!*controllers)
        return tightest(mount, group, quota_v2);
    if (!has_cpu_controller(controllers))
        return 0;
    snprintf(v1, sizeof v1, "%s/cpu", mount);
    return tightest(v1, group, quota_v1);
}

int fnn_cgroup_cpus(const char *membership, const char *mount)
{
    char line[PATH];
    int least = 0;
    FILE *f = fopen(membership, "re");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f)) {
        int cpus = quota_of_line(line, mount);
        if (cpus && (!least || cpus < least))
            least = cpus;
    }
    fclose(f);
    return least;
}

static int granted_by_affinity(void)
{
#ifdef __linux__
    enum { MOST = 1 << 16 };
    for (int most = 1024; most <= MOST; most *= 4) { /* the kernel refuses a set smaller than its own */
        cpu_set_t *set = CPU_ALLOC(most);
        size_t size = CPU_ALLOC_SIZE(most);
        if (!set)
            break;
        int count = sched_getaffinity(0, size, set) ? 0 : CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < INT_MAX ? (int)online : 1;
}

int fnn_cpus(void)
{
    int cpus = granted_by_affinity();
    int quota = fnn_cgroup_cpus("/proc/self/cgroup", "/sys/fs/cgroup");
    return quota && quota < cpus ? quota : cpus;
}

#ifdef __linux__
int fnn_cpu_here(void)
{
    return sched_getcpu();
}

void fnn_move_from(const int *taken, int n)
{
    cpu_set_t allowed, rest;
    if (sched_getaffinity(0, sizeof allowed, &allowed))
        return;
    rest = allowed;
    for (int i = 0; i < n; i++)
        if (taken[i] >= 0 && taken[i] < CPU_SETSIZE)
            CPU_CLR(taken[i], &rest);
    if (CPU_COUNT(&rest) > 0 && !sched_setaffinity(0, sizeof rest, &rest))
        sched_setaffinity(0, sizeof allowed, &allowed);
}
#else
int fnn_cpu_here(void)
{
    return -1;
}

void fnn_move_from(const int *taken, int n)
{
    (void)taken, (void)n;
}
#endif

/* A positive integer and nothing else, or 0. */
static int positive(const char *text)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return 0;
    long n = strtol(text, &end, 10);
    return *end || n < 1 || n > INT_MAX ? 0 : (int)n;
}

/* OMP_NUM_THREADS is a bound, not a wish: joblib sets it in its workers so that they share the machine. */
int fnn_default_threads(void)
{
    int n = positive(getenv("FASTNN_NUM_THREADS"));
    if (!n) {
        int bound = positive(getenv("OMP_NUM_THREADS"));
        n = fnn_cpus();
        n = bound && bound < n ? bound : n;
    }
    return n < FNN_MAX_THREADS ? n : FNN_MAX_THREADS;
}
