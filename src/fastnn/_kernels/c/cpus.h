/* How many processors this process may use. */
#ifndef FNN_CPUS_H
#define FNN_CPUS_H

int fnn_cpus(void); /* what affinity and the cgroup's quota grant, at least 1 */

/* The quota in whole processors, rounded up; 0: none. `membership` is /proc/self/cgroup, `mount` /sys/fs/cgroup. */
int fnn_cgroup_cpus(const char *membership, const char *mount);

#endif
