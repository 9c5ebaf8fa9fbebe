/* Whether the threads of a plan are worth it: what repeats take on all of them, and on the caller alone, measured.
 *
 * Threads that share a cache gain in nearly every plan that `grain` says is work for two. On dies of their own they
 * may lose: what one has written reaches another five times later, and a plan whose threads exchange much is then faster
 * alone, though nobody waits long at a barrier (that is crew.c's business). */
#ifndef FNN_WORTH_H
#define FNN_WORTH_H

#include <stdint.h>

typedef struct {
    int64_t ns[2], repeats[2]; /* [0] together, [1] alone: of late */
    int64_t again;             /* when to try the other way */
    int alone;                 /* the faster way, as far as is known */
    int trying;                /* the other one is being tried */
} fnn_worth;

/* How the next repeats are to go: whether alone, and *repeats at most. */
int fnn_worth_alone(fnn_worth *w, int64_t *repeats, int64_t now);
/* So many repeats that went this way took so long, and ended now. */
void fnn_worth_note(fnn_worth *w, int64_t repeats, int64_t ns, int64_t now);

#endif
