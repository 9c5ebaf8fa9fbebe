/* How many processors this process may use. */
#ifndef FNN_CPUS_H
#define FNN_CPUS_H

int fnn_cpus(void); /* what affinity and the cgroup's quota grant, at least 1 */
int fnn_cpu_here(void); /* the processor that the calling thread is on, or -1 where nobody knows */

/* Moves the calling thread to a processor that is none of `taken`, if its affinity knows one, and leaves the affinity
 * as it was. */
void fnn_move_from(const int *taken, int n);

/* The quota in whole processors, rounded up; 0: none. `membership` is /proc/self/cgroup, `mount` /sys/fs/cgroup. */
int fnn_cgroup_cpus(const char *membership, const char *mount);

#endif
