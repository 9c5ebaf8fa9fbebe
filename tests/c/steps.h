/* What the C tests of plans share. */
#ifndef STEPS_H
#define STEPS_H

#include "fnn.h"

/* Let threads share each step by itself: nothing is known of what it touches. */
static inline void share_each(fnn_step *steps, int64_t n)
{
    static const fnn_reach unknown;
    for (int64_t k = 0; k < n; k++) {
        fnn_share(steps + k, &unknown, 1);
        steps[k].phase *= k + 1;
    }
}

#endif
