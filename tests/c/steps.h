/* What the C tests of plans share. */
#ifndef STEPS_H
#define STEPS_H

#include "fnn.h"

/* Let threads share each of up to eight steps by itself: nothing is known of what they touch. */
static inline void share_each(fnn_step *steps, int64_t n)
{
    static const fnn_reach unknown[8];
    fnn_share(steps, unknown, n);
}

#endif
