/* See worth.h. */
#include "worth.h"

enum {
    LATELY_NS = 20000000,   /* a plan that has run for less is not tried, and what is older counts less */
    TRIAL_NS = 2000000,
    TRIAL_REPEATS = 4,
    LONGEST_NS = 2000000,   /* of a repeat: longer ones exchange little for what they compute, and trials would cost much */
    ALONE_NS = 500000000    /* till threads are tried again */
};
static const int64_t TOGETHER_NS = 4000000000;

static int64_t pace(const fnn_worth *w, int way)
{
    return w->repeats[way] ? w->ns[way] / w->repeats[way] : 0;
}

static int due(const fnn_worth *w, int64_t now)
{
    const int64_t seen = w->ns[w->alone], each = pace(w, w->alone);
    return !w->trying && now >= w->again && seen >= LATELY_NS && each < LONGEST_NS;
}

int fnn_worth_alone(fnn_worth *w, int64_t *repeats, int64_t now)
{
    if (due(w, now)) {
        w->trying = 1;
        w->ns[!w->alone] = w->repeats[!w->alone] = 0;
    }
    if (w->trying) {
        const int64_t most = TRIAL_NS / (pace(w, w->alone) + 1) + TRIAL_REPEATS;
        if (*repeats > most)
            *repeats = most;
    }
    return w->alone ^ w->trying;
}

/* A tenth faster is faster. */
static void judge(fnn_worth *w, int64_t now)
{
    const int64_t is = pace(w, w->alone), would_be = pace(w, !w->alone);
    if (would_be < is - is / 10)
        w->alone = !w->alone;
    w->trying = 0;
    w->again = now + (w->alone ? ALONE_NS : TOGETHER_NS);
}

void fnn_worth_note(fnn_worth *w, int64_t repeats, int64_t ns, int64_t now)
{
    const int way = w->alone ^ w->trying;
    w->ns[way] += ns;
    w->repeats[way] += repeats;
    if (w->trying && w->ns[way] >= TRIAL_NS && w->repeats[way] >= TRIAL_REPEATS)
        judge(w, now);
    else if (w->ns[way] > 2 * (int64_t)LATELY_NS) {
        w->ns[way] /= 2;
        w->repeats[way] /= 2;
    }
}
