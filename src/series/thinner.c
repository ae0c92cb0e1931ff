#include "thinner.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "recording_thin.h"
#include "sibling.h"

enum {
	REST_MOST = 256 << 10, /* what thinner_finish copies, and the ticks that came meanwhile */
};

struct thinner {
	pthread_t thread;
	int from, done;	      /* the recording, lent; an eventfd */
	uint64_t end;	      /* of what may be merged */
	_Atomic uint64_t tail; /* of the recording by now */
	atomic_bool stop;
	struct sibling sibling;
	/* The thread's until it is done. */
	struct thin_out out;
	uint64_t copied; /* so far in the recording */
	uint64_t began_ns, took_ns;
	int result;
	struct err err;
	bool joined;
};

static int catch_up(struct thinner *t)
{
	int r = thin_out_flush(&t->out, &t->err);

	for (uint64_t tail = t->tail; r == 0 && tail - t->copied > REST_MOST; tail = t->tail) {
		r = thin_out_copy(&t->out, t->from, t->copied, tail, &t->stop, &t->err);
		t->copied = tail;
	}
	return r;
}

static void *work(void *thinner)
{
	struct thinner *t = thinner;
	const uint64_t one = 1;

	/* Not niced: on a busy machine it would wait for its turn with locks of the file system in hand: ticks of
	 * 300 ms were seen. */
	t->result = recording_thin(t->from, t->end, &t->out, &t->copied, &t->stop, &t->err);
	if (t->result == 0)
		t->result = catch_up(t);
	/* On the disk before the old one goes; this may take its time, so ticks may have come. */
	if (t->result == 0 && fdatasync(t->sibling.fd) < 0)
		t->result = err_sys(&t->err, errno, "cannot write the file beside it");
	if (t->result == 0)
		t->result = catch_up(t);
	buf_done(&t->out.text); /* unmapping much takes time, too */
	t->took_ns = clock_now_ns() - t->began_ns;
	while (write(t->done, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

/* Signals are for the thread that was there before. */
static int start(pthread_t *ret, void *(*run)(void *of), void *of)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(ret, NULL, run, of);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

int thinner_new(struct thinner **ret, const struct recording_file *f, struct err *e)
{
	struct thinner *t = calloc(1, sizeof(*t));
	int r, code;

	if (!t)
		return err_set(e, ENOMEM, "out of memory");
	*t = (struct thinner){ .from = f->fd, .end = f->tail / 4 * 3, .tail = f->tail, .began_ns = clock_now_ns(),
			       .sibling = { .fd = -1, .dir = -1 }, .joined = true };
	t->done = eventfd(0, EFD_CLOEXEC);
	r = t->done < 0 ? err_sys(e, errno, "cannot make an eventfd") : sibling_new(&t->sibling, f->fd, e);
	t->out.fd = t->sibling.fd;
	if (r == 0) {
		code = start(&t->thread, work, t);
		t->joined = code != 0;
		r = code ? err_sys(e, code, "cannot start a thread") : 0;
	}
	if (r < 0)
		thinner_free(t);
	else
		*ret = t;
	return r;
}

static void join(struct thinner *t)
{
	if (!t->joined)
		pthread_join(t->thread, NULL);
	t->joined = true;
}

void thinner_free(struct thinner *t)
{
	if (!t)
		return;
	t->stop = true;
	join(t);
	sibling_done(&t->sibling);
	thin_out_done(&t->out);
	closep(&t->done);
	free(t);
}

void thinner_follow(struct thinner *t, const struct recording_file *f)
{
	t->tail = f->tail;
}

bool thinner_wait(struct thinner *t, int ms)
{
	struct pollfd p = { t->done, POLLIN, 0 };

	return poll(&p, 1, ms) > 0;
}

static void *close_it(void *fd)
{
	close((int)(intptr_t)fd);
	return NULL;
}

/* The last one to hold a large file waits until its blocks are free: 40 ms for 240 MiB on ext4. */
static void close_apart(int fd)
{
	pthread_t thread;

	if (start(&thread, close_it, (void *)(intptr_t)fd) == 0)
		pthread_detach(thread);
	else
		close(fd);
}

int thinner_finish(struct thinner *t, struct recording_file *f, struct err *e)
{
	uint64_t tail;
	int r;

	join(t);
	if (t->result < 0)
		return err_set(e, -t->result, "%s", t->err.text);
	r = thin_out_copy(&t->out, f->fd, t->copied, f->tail, NULL, e);
	tail = t->out.bytes;
	buf_puts(&t->out.text, RECORDING_CLOSING);
	if (r == 0)
		r = thin_out_flush(&t->out, e);
	if (r == 0)
		r = sibling_replace(&t->sibling, f->fd, e);
	if (r < 0)
		return r;
	close_apart(f->fd);
	f->fd = take_fd(&t->sibling.fd);
	f->bytes = t->out.bytes;
	f->tail = tail;
	return 0;
}

uint64_t thinner_took_ns(const struct thinner *t)
{
	return t->took_ns;
}
