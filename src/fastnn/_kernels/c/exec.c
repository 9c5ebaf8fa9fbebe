/* The executor: all threads enter a plan once and run the whole loop of repeats and steps side by side.
 *
 * Steps of a shared phase (see phases.c) are split into contiguous ranges; a barrier follows the phase. Other
 * steps are the caller's, in a row without a barrier between them; what it wrote reaches the others by
 * the barrier before the next phase. The end of a repeat counts as one of the caller's steps.
 */
#include "ahead.h"
#include "flag.h"
#include "fnn.h"
#include "fpmode.h"

_Thread_local fnn_ahead fnn_ahead_here;

typedef struct {
    const fnn_step *steps;
    int64_t n, repeats, advance;
    fnn_state *state;
    int most;     /* threads that may take part; 0: as many as are set */
    int threads;  /* the same for the present job */
    int64_t left; /* repeats, when the job begins */
    int64_t done; /* repeats completed; the caller's */
    int leave;    /* the caller's word to the others; read after a barrier */
    int stopped;  /* by a guard, or because a step failed */
    double *spent; /* NULL, or seconds of the caller's by step; */
    int64_t last;  /* counted up to this time, in ns */
} plan_run;

/* What has passed belongs to step s. Loops are compiled with and without a clock. */
FNN_INLINE void count(plan_run *r, const int timed, const fnn_step *s)
{
    if (!timed)
        return;
    const int64_t now = fnn_now_ns();
    r->spent[s - r->steps] += 1e-9 * (double)(now - r->last);
    r->last = now;
}

static void run_alone(const fnn_step *s)
{
    if (s->units > 0)
        s->run(s, 0, s->units);
}

/* A step of the caller's; 1: it has failed, and the run is over. */
FNN_INLINE int run_caller(plan_run *r, const int timed, const fnn_step *s)
{
    run_alone(s);
    count(r, timed, s);
    if (!r->state->failed)
        return 0;
    r->stopped = 1;
    return 1;
}

/* Where part i of `parts` begins, in units. */
static int64_t part_at(const fnn_step *s, int64_t i, int64_t parts)
{
    const int64_t at = s->cuts * i - (i ? s->lead * (parts - i) : 0);
    return at > 0 ? at / parts * s->per_cut : 0;
}

/* Part i of as many as there are, at most n. */
static void run_part(const fnn_step *s, int64_t i, int64_t n)
{
    const int64_t parts = s->parts < n ? s->parts : n;
    const int64_t begin = part_at(s, i, parts), end = part_at(s, i + 1, parts);
    if (i < parts && begin < end)
        s->run(s, begin, end);
}

static int any_shared(const fnn_step *steps, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        if (steps[k].phase)
            return 1;
    return 0;
}

/* Moves on to the next repeat; 1: stop. The state may be read, and stop be set, by another thread. */
static int move_on(fnn_state *state, int64_t advance)
{
    __atomic_store_n(&state->cursor, state->cursor + advance, __ATOMIC_RELAXED);
    __atomic_store_n(&state->step, state->step + 1, __ATOMIC_RELAXED);
    return __atomic_load_n(&state->stop, __ATOMIC_RELAXED) != 0;
}

/* Ends a repeat of n threads; 1: leave. */
static int end_repeat(plan_run *r, int n)
{
    r->done++;
    r->stopped = move_on(r->state, r->advance);
    return r->stopped || !fnn_crew_is(n, r->threads);
}

FNN_INLINE void repeats_alone(plan_run *r, const int timed)
{
    const fnn_step *end = r->steps + r->n;
    for (int64_t left = r->left; left > 0; left--) {
        for (const fnn_step *s = r->steps; s < end; s++)
            if (run_caller(r, timed, s))
                return;
        if (end_repeat(r, 1))
            break;
    }
}

static void loop_alone(plan_run *r)
{
    if (r->spent)
        repeats_alone(r, 1);
    else
        repeats_alone(r, 0);
    fnn_ahead_forget();
}

/* The caller leaves in front of step s, the others at the next barrier: there is none behind the last shared phase of the
 * last repeat. */
static void leave_before(plan_run *r, const fnn_step *s, int last, int n)
{
    r->leave = 1;
    if (!last || any_shared(s, r->steps + r->n - s))
        fnn_barrier(0, n);
}

/* One repeat of thread i; `first`: none came before it, `last`: none follows. 1: leave. */
FNN_INLINE int repeat_together(plan_run *r, const int timed, int i, int n, int first, int last)
{
    int behind = !first; /* whether the caller has done something since the last barrier */
    const fnn_step *end = r->steps + r->n;
    for (const fnn_step *s = r->steps; s < end;) {
        if (!s->phase) {
            if (i == 0 && run_caller(r, timed, s)) {
                leave_before(r, s + 1, last, n);
                return 1;
            }
            behind = 1;
            s++;
            continue;
        }
        if (behind) {
            fnn_barrier(i, n);
            if (r->leave)
                return 1;
        }
        for (const int64_t phase = s->phase; s < end && s->phase == phase; s++) {
            run_part(s, i, n);
            if (i == 0)
                count(r, timed, s);
        }
        fnn_barrier(i, n);
        if (i == 0)
            count(r, timed, s - 1); /* who waits, too */
        behind = 0;
    }
    return 0;
}

FNN_INLINE void repeats_together(plan_run *r, const int timed, int i, int n)
{
    int64_t left = r->left;
    for (int64_t k = 0; k < left; k++) {
        const int last = k + 1 == left;
        if (repeat_together(r, timed, i, n, k == 0, last))
            return;
        if (i == 0 && end_repeat(r, n) && !last) {
            leave_before(r, r->steps, 0, n); /* the others wait to begin the next repeat */
            return;
        }
    }
}

static void loop_together(plan_run *r, int i, int n)
{
    if (r->spent)
        repeats_together(r, 1, i, n);
    else
        repeats_together(r, 0, i, n);
    fnn_ahead_forget();
}

static void job(void *arg, int i, int n)
{
    fnn_fpmode mode = fnn_fp_enter();
    if (n == 1)
        loop_alone(arg);
    else
        loop_together(arg, i, n);
    fnn_fp_leave(mode);
}

static void run_job(plan_run *r)
{
    r->leave = 0;
    if (r->threads == 1)
        loop_alone(r);
    else
        fnn_parallel(job, r, r->threads);
}

/* As many repeats as the plan's way of running them stays the same. */
static void run_measured(plan_run *r)
{
    fnn_worth *worth = &r->state->worth;
    const int64_t start = fnn_now_ns(), before = r->done;
    r->threads = fnn_worth_alone(worth, &r->left, start) ? 1 : r->most;
    run_job(r);
    const int64_t now = fnn_now_ns();
    fnn_worth_note(worth, r->done - before, now - start, now);
}

/* All repeats of r; a new job whenever the size of the crew changes. Without a step to share it stays here. */
static void run_repeats(plan_run *r)
{
    const int measured = r->most != 1 && fnn_threads() > 1;
    r->threads = r->most;
    do {
        r->left = r->repeats - r->done;
        if (measured)
            run_measured(r);
        else
            run_job(r);
    } while (r->done < r->repeats && !r->stopped);
}

int64_t fnn_run_timed(const fnn_step *steps, int64_t n, int64_t repeats, int64_t advance, fnn_state *state, int threads,
                      double *spent)
{
    fnn_state none = {0};
    plan_run r = {.steps = steps, .n = n, .repeats = repeats, .advance = advance, .state = state ? state : &none,
                  .most = any_shared(steps, n) ? threads : 1, .spent = spent, .last = spent ? fnn_now_ns() : 0};
    fnn_fpmode mode = fnn_fp_enter();
    run_repeats(&r);
    fnn_fp_leave(mode);
    return r.done;
}

int64_t fnn_run(const fnn_step *steps, int64_t n, int64_t repeats, int64_t advance, fnn_state *state, int threads)
{
    return fnn_run_timed(steps, n, repeats, advance, state, threads, 0);
}

/* A stretch of one repeat that nobody shares. Where an epoch is a step of a tiny network, what a repeat needs beside its
 * steps is a tenth of it. */
static int run_once(const fnn_stretch *s)
{
    for (const fnn_step *step = s->steps, *end = step + s->n; step < end; step++) {
        run_alone(step);
        if (s->state->failed)
            return 1;
    }
    fnn_ahead_forget();
    return move_on(s->state, s->advance);
}

/* 1: a guard stopped it, or a step has failed. */
static int run_stretch(const fnn_stretch *s, int threads)
{
    if (s->repeats == 1 && !s->shared) {
        fnn_rewind(s->state, s->cursor);
        return run_once(s);
    }
    plan_run r = {.steps = s->steps, .n = s->n, .repeats = s->repeats, .advance = s->advance, .state = s->state,
                  .most = s->shared ? threads : 1};
    fnn_rewind(s->state, s->cursor);
    run_repeats(&r);
    return r.stopped;
}

int64_t fnn_run_sequence(fnn_stretch *stretches, int64_t n, int64_t rounds, int threads)
{
    fnn_fpmode mode = fnn_fp_enter();
    int64_t done = 0;
    int stopped = 0;
    for (int64_t k = 0; k < n; k++)
        stretches[k].shared = any_shared(stretches[k].steps, stretches[k].n);
    while (!stopped && done < rounds) {
        for (int64_t k = 0; k < n && !stopped; k++)
            stopped = run_stretch(&stretches[k], threads);
        done += !stopped;
    }
    fnn_fp_leave(mode);
    return done;
}
