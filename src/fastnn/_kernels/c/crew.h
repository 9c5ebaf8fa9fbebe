/* How many threads work together: never more than are set, and fewer in company. */
#ifndef FNN_CREW_H
#define FNN_CREW_H

#include <stdint.h>

/* A job that wants threads comes, and goes. The size that its crew should have now: at most `limit` (0: no limit). */
int fnn_crew_join(int limit);
void fnn_crew_part(void);

/* The crew of the pool: its caller's business, around a job on n threads, and after having waited for one of them. */
void fnn_crew_begin(void);
void fnn_crew_waited(int64_t ns);
void fnn_crew_end(int n);

void fnn_crew_refused(int n);   /* the system gives no more than n threads */
void fnn_crew_after_fork(void); /* in the child: nobody else is here */

#endif
