/*
 * The real daemon, socket and client, in a directory of their own; only the session is a fake.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "check_memspy.h"
#include "fake_session.h"
#include "memspy/client.h"
#include "memspy/control.h"
#include "memspy/daemon.h"
#include "memspy/watch.h"

static char directory[64];
static pid_t target, server;
static struct err e;

static pid_t start_target(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static pid_t start_server(void)
{
	int ready[2];
	char word[6];
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct err fault = { "" };
		int null = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDERR_FILENO);
		close(ready[0]);
		_exit(daemon_run(&fake_session, ready[1], &fault) ? 1 : 0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], word, 6), 6);
	close(ready[0]);
	return pid;
}

static void setup(void)
{
	e.text[0] = '\0';
	snprintf(directory, sizeof(directory), "/tmp/memspy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	setenv("MEMSPY_RUNTIME_DIR", directory, 1);
	target = start_target();
	server = start_server();
}

static void teardown(void)
{
	char command[100];

	kill(target, SIGKILL);
	kill(server, SIGKILL);
	waitpid(target, NULL, 0);
	waitpid(server, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static bool exists(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

static bool was_closed(pid_t pid)
{
	char name[40];

	snprintf(name, sizeof(name), "closed-%d", pid);
	return exists(name);
}

static bool ends_soon(pid_t pid)
{
	for (int i = 0; i < 300; i++) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
			return true;
		usleep(10000);
	}
	return false;
}

static json_t *attach_request(pid_t pid, int sample_bytes, bool hold)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:b}", "op", "attach", "pid", (int)pid, "sample_bytes", sample_bytes,
			 "domains", 15, "table_bytes", 1 << 20, "inject", 0, "interval", 0.05, "hold", (int)hold);
}

static void attach(void)
{
	ck_ok(client_once(attach_request(target, 1024, false), false, NULL, &e), e);
}

static json_t *pid_request(const char *op, pid_t pid)
{
	return json_pack("{s:s, s:i}", "op", op, "pid", (int)pid);
}

static json_t *status(void)
{
	json_t *answer = NULL;

	ck_ok(client_once(json_pack("{s:s}", "op", "status"), false, &answer, &e), e);
	return answer;
}

START_TEST(an_attached_process_is_listed_until_it_is_detached)
{
	json_t *answer, *session;

	attach();
	usleep(200000);
	answer = status();
	session = json_array_get(json_object_get(answer, "sessions"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(session, "pid")), target);
	ck_assert_str_eq(json_string_value(json_object_get(session, "name")), "fake \xef\xbf\xbd");
	ck_assert_int_ge(json_integer_value(json_object_get(session, "ticks")), 2);
	ck_assert_int_ge(json_integer_value(json_object_get(session, "heap")), 2000);
	json_decref(answer);
	ck_ok(client_once(pid_request("detach", target), false, NULL, &e), e);
	ck_assert(was_closed(target));
}
END_TEST

START_TEST(the_daemon_leaves_with_its_last_session)
{
	attach();
	ck_assert(!was_closed(target));
	ck_ok(client_once(pid_request("detach", target), false, NULL, &e), e);
	ck_assert(ends_soon(server));
	ck_assert(!exists("control.sock"));
	ck_assert_int_eq(client_once(json_pack("{s:s}", "op", "status"), false, NULL, &e), CLIENT_NONE);
}
END_TEST

START_TEST(a_refusal_keeps_its_sentence_and_its_code)
{
	attach();
	ck_assert_int_eq(client_once(attach_request(target, 1024, false), false, NULL, &e), -EALREADY);
	ck_assert_ptr_nonnull(strstr(e.text, "attached already"));
	ck_assert_int_eq(client_once(pid_request("detach", 1), false, NULL, &e), -ENOENT);
	ck_assert_int_eq(client_once(attach_request(getpid(), 4242, false), false, NULL, &e), -EPERM);
	ck_assert_ptr_nonnull(strstr(e.text, "says no"));
}
END_TEST

static const char *const nonsense[] = {
	"",
	"{",
	"[]",
	"null",
	"{\"op\":7}",
	"{\"op\":\"explode\"}",
	"{\"op\":\"attach\"}",
	"{\"op\":\"attach\",\"pid\":\"4711\"}",
	"{\"op\":\"attach\",\"pid\":-1}",
	"{\"op\":\"attach\",\"pid\":1e300}",
	"{\"op\":\"attach\",\"pid\":1,\"sample_bytes\":-5,\"domains\":1,\"table_bytes\":65536,\"inject\":0,\"interval\":1}",
	"{\"op\":\"attach\",\"pid\":1,\"sample_bytes\":5,\"domains\":99,\"table_bytes\":65536,\"inject\":0,\"interval\":1}",
	"{\"op\":\"attach\",\"pid\":1,\"sample_bytes\":5,\"domains\":1,\"table_bytes\":65536,\"inject\":9,\"interval\":1}",
	"{\"op\":\"attach\",\"pid\":1,\"sample_bytes\":5,\"domains\":1,\"table_bytes\":65536,\"inject\":0,\"interval\":0}",
	"{\"op\":\"detach\",\"pid\":1,\"pid\":2}",
	"{\"op\":\"record\",\"pid\":1}",
};

START_TEST(nonsense_is_refused_and_does_no_harm)
{
	attach();
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct control_input in;
		struct pollfd p;
		size_t sent;
		char *line = NULL;
		int fd;

		ck_ok(control_connect(&fd, &e), e);
		control_input_init(&in);
		ck_ok(control_send(fd, nonsense[i], strlen(nonsense[i]), -1, &sent, &e), e);
		ck_ok(control_send(fd, "\n", 1, -1, &sent, &e), e);
		p = (struct pollfd){ fd, POLLIN, 0 };
		while (!line && poll(&p, 1, 2000) > 0 && control_receive(fd, &in, &e) == 0)
			line = control_line(&in);
		ck_assert_msg(line && strstr(line, "\"ok\":false"), "%s: %s", nonsense[i], line ? line : "nothing");
		control_input_done(&in);
		close(fd);
	}
	json_decref(status());
}
END_TEST

START_TEST(a_line_without_end_is_cut_off)
{
	static char flood[CONTROL_LINE_MAX * 2];
	struct pollfd p;
	size_t sent = 0, all = 0;
	char byte;
	int fd;

	attach();
	memset(flood, 'x', sizeof(flood));
	ck_ok(control_connect(&fd, &e), e);
	for (int i = 0; i < 100 && all < sizeof(flood); i++) {
		int r = control_send(fd, flood, sizeof(flood) - all, -1, &sent, &e);

		if (r == READ_GONE)
			break;
		all += r == 0 ? sent : 0;
		usleep(1000);
	}
	p = (struct pollfd){ fd, POLLIN, 0 };
	ck_assert_int_gt(poll(&p, 1, 2000), 0);
	ck_assert_int_le(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
	json_decref(status());
}
END_TEST

START_TEST(silent_clients_hold_up_nobody)
{
	int fds[20];

	attach();
	for (size_t i = 0; i < 20; i++)
		ck_ok(control_connect(&fds[i], &e), e);
	json_decref(status());
	for (size_t i = 0; i < 20; i++)
		close(fds[i]);
}
END_TEST

/* ---- recordings ---- */

static int record_file(void)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/heap.json", directory);
	ck_ok(recording_create(path, false, &fd, &e), e);
	return fd;
}

static size_t recorded_ticks(void)
{
	char path[160];
	json_t *all = NULL;
	size_t ticks;

	snprintf(path, sizeof(path), "%s/heap.json", directory);
	/* It is being written: between two of its writes it is no document. */
	for (int i = 0; i < 1000 && !(all = json_load_file(path, 0, NULL)); i++)
		usleep(1000);
	ticks = json_array_size(json_object_get(all, "ticks"));
	json_decref(all);
	return ticks;
}

static struct client *start_recording(double duration, double interval)
{
	json_t *request = json_pack("{s:s, s:i, s:f, s:f, s:i}", "op", "record", "pid", (int)target, "duration", duration, "interval",
				    interval, "max_bytes", 0);
	struct client *c;
	int fd = record_file();

	ck_ok(client_new(&c, false, &e), e);
	ck_ok(client_ask(c, request, fd, &e), e);
	close(fd);
	return c;
}

/* Reads on until the recording has ended; at least one line of progress came before. */
static int read_end(struct client *c, char *why, size_t room)
{
	for (int lines = 0;; lines++) {
		json_t *line = NULL;
		int end;

		ck_ok(client_next(c, &line, 3000, &e), e);
		if (!json_object_get(line, "end")) {
			json_decref(line);
			continue;
		}
		end = (int)json_integer_value(json_object_get(line, "end"));
		snprintf(why, room, "%s", json_string_value(json_object_get(line, "why")));
		json_decref(line);
		ck_assert_int_ge(lines, 2);
		return end;
	}
}

START_TEST(a_recording_ends_when_its_time_is_over)
{
	struct client *c;
	char why[100];

	attach();
	c = start_recording(0.5, 0.05);
	ck_assert_int_eq(read_end(c, why, sizeof(why)), RECORDER_DONE);
	ck_assert_str_eq(why, "duration");
	ck_assert_uint_ge(recorded_ticks(), 6);
	ck_assert_uint_le(recorded_ticks(), 12);
	client_free(c);
	ck_assert(!was_closed(target)); /* the session goes on */
}
END_TEST

START_TEST(a_recording_ends_well_when_its_client_has_enough)
{
	struct client *c;
	char why[100];

	attach();
	c = start_recording(0, 0.05);
	usleep(200000);
	client_finish(c);
	ck_assert_int_eq(read_end(c, why, sizeof(why)), RECORDER_DONE);
	ck_assert_uint_ge(recorded_ticks(), 2);
	client_free(c);
}
END_TEST

START_TEST(a_recording_survives_its_target_and_tells_its_end)
{
	struct client *c;
	char why[100];

	attach();
	c = start_recording(60, 30);
	usleep(200000);
	kill(target, SIGKILL);
	ck_assert_int_eq(read_end(c, why, sizeof(why)), RECORDER_GONE);
	ck_assert_str_eq(why, "target killed by signal 9");
	ck_assert_uint_eq(recorded_ticks(), 2); /* the first, and what was last */
	client_free(c);
	ck_assert(ends_soon(server));
}
END_TEST

START_TEST(a_recording_ends_with_detach)
{
	struct client *c;
	char why[100];

	attach();
	c = start_recording(60, 30);
	usleep(200000);
	ck_ok(client_once(pid_request("detach", target), false, NULL, &e), e);
	ck_assert_int_eq(read_end(c, why, sizeof(why)), RECORDER_DONE);
	ck_assert_str_eq(why, "detached");
	ck_assert_uint_eq(recorded_ticks(), 2);
	client_free(c);
}
END_TEST

START_TEST(a_recording_whose_client_vanishes_is_still_whole)
{
	struct client *c;

	attach();
	c = start_recording(60, 0.05);
	usleep(200000);
	client_free(c);
	usleep(200000);
	ck_assert_uint_ge(recorded_ticks(), 2);
	ck_ok(client_once(pid_request("detach", target), false, NULL, &e), e);
}
END_TEST

/* ---- a way in that takes long ---- */

static json_t *slow_request(pid_t pid)
{
	return attach_request(pid, 4343, false);
}

START_TEST(a_slow_attach_holds_up_nobodys_tick)
{
	struct client *recording, *slow;
	size_t before, after;
	json_t *answer;
	uint64_t asked;

	attach();
	recording = start_recording(60, 0.05);
	ck_ok(client_new(&slow, false, &e), e);
	usleep(200000);
	before = recorded_ticks();
	ck_ok(client_ask(slow, slow_request(getpid()), -1, &e), e);
	usleep(600000);
	after = recorded_ticks();
	ck_assert_uint_ge(after, before + 3); /* of 12, on a machine that has time; held up: of none */
	asked = clock_now_ns();
	answer = status();
	ck_assert_uint_lt(clock_now_ns() - asked, 150000000u);
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "sessions")), 1);
	json_decref(answer);
	ck_assert_int_eq(client_once(slow_request(getpid()), false, NULL, &e), -EALREADY);
	ck_assert_ptr_nonnull(strstr(e.text, "is being attached already"));
	ck_ok(client_next(slow, &answer, 3000, &e), e);
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	answer = status();
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "sessions")), 2);
	json_decref(answer);
	client_free(slow);
	client_free(recording);
}
END_TEST

START_TEST(who_does_not_wait_for_an_attach_leaves_no_session)
{
	struct client *gone;

	attach();
	ck_ok(client_new(&gone, false, &e), e);
	ck_ok(client_ask(gone, slow_request(getpid()), -1, &e), e);
	usleep(100000);
	client_free(gone);
	usleep(200000);
	ck_assert(!was_closed(getpid()));
	for (int i = 0; i < 300 && !was_closed(getpid()); i++)
		usleep(10000);
	ck_assert(was_closed(getpid()));
	ck_ok(client_once(pid_request("detach", target), false, NULL, &e), e);
	ck_assert(ends_soon(server));
}
END_TEST

START_TEST(attaches_wait_for_one_another_and_a_daemon_that_is_stopped_waits_for_them)
{
	struct client *first, *second;
	json_t *answer;

	ck_ok(client_new(&first, false, &e), e);
	ck_ok(client_new(&second, false, &e), e);
	ck_ok(client_ask(first, slow_request(getpid()), -1, &e), e);
	usleep(50000);
	ck_ok(client_ask(second, attach_request(target, 1024, false), -1, &e), e);
	ck_ok(client_next(first, &answer, 3000, &e), e);
	json_decref(answer);
	ck_ok(client_next(second, &answer, 3000, &e), e);
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	client_free(first);
	client_free(second);
	ck_ok(client_once(pid_request("detach", getpid()), false, NULL, &e), e);
	ck_assert(was_closed(getpid()));
	ck_ok(client_new(&first, false, &e), e);
	ck_ok(client_ask(first, slow_request(getppid()), -1, &e), e);
	usleep(100000);
	kill(server, SIGTERM);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
	ck_assert(was_closed(getppid()));
	client_free(first);
}
END_TEST

/* ---- children that are followed ---- */

enum { CHILDREN = 2 };

/* A process with children; theirs in to. */
static pid_t start_family(pid_t to[CHILDREN])
{
	int told[2];
	pid_t pid;

	ck_assert_int_eq(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < CHILDREN; i++)
			to[i] = start_target();
		if (write(told[1], to, CHILDREN * sizeof(*to)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(told[0], to, CHILDREN * sizeof(*to)), CHILDREN * (int)sizeof(*to));
	close(told[0]);
	close(told[1]);
	return pid;
}

static size_t sessions_soon(size_t want)
{
	size_t n = 0;

	for (int i = 0; i < 3000 && n != want; i++) {
		json_t *answer = status();

		n = json_array_size(json_object_get(answer, "sessions"));
		json_decref(answer);
		if (n != want)
			usleep(10000);
	}
	return n;
}

static pid_t attach_family(pid_t to[CHILDREN], bool hold, struct client **holder)
{
	pid_t root = start_family(to);
	json_t *request = attach_request(root, 1024, hold);

	json_object_set_new(request, "follow", json_true());
	if (hold) {
		ck_ok(client_new(holder, false, &e), e);
		ck_ok(client_call(*holder, request, NULL, &e), e);
	} else {
		ck_ok(client_once(request, false, NULL, &e), e);
	}
	ck_assert_uint_eq(sessions_soon(1 + CHILDREN), 1 + CHILDREN);
	return root;
}

static void end_family(pid_t root)
{
	kill(root, SIGKILL);
	waitpid(root, NULL, 0);
}

START_TEST(children_are_sessions_that_end_with_their_root)
{
	pid_t children[CHILDREN], root = attach_family(children, false, NULL);
	json_t *answer = status(), *family = json_array_get(json_object_get(answer, "families"), 0), *s;
	size_t i;

	ck_assert_int_eq(json_integer_value(json_object_get(family, "root")), root);
	ck_assert_int_eq(json_integer_value(json_object_get(family, "now")), CHILDREN);
	json_array_foreach(json_object_get(answer, "sessions"), i, s) {
		ck_assert_int_eq(json_integer_value(json_object_get(s, "root")), root);
		if (json_integer_value(json_object_get(s, "pid")) != root)
			ck_assert_int_eq(json_integer_value(json_object_get(s, "parent")), root);
	}
	json_decref(answer);
	ck_ok(client_once(pid_request("detach", root), false, NULL, &e), e);
	ck_assert(was_closed(root) && was_closed(children[0]) && was_closed(children[1]));
	ck_assert(ends_soon(server));
	end_family(root);
}
END_TEST

START_TEST(a_child_that_is_detached_is_left_alone)
{
	pid_t children[CHILDREN], root = attach_family(children, false, NULL);

	ck_ok(client_once(pid_request("detach", children[0]), false, NULL, &e), e);
	ck_assert(was_closed(children[0]));
	usleep(500000); /* longer than a child that is found waits */
	ck_assert_uint_eq(sessions_soon(CHILDREN), CHILDREN);
	ck_assert(!was_closed(root) && !was_closed(children[1]));
	ck_ok(client_once(attach_request(children[0], 1024, false), false, NULL, &e), e);
	kill(server, SIGTERM);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(root) && was_closed(children[1]));
	end_family(root);
}
END_TEST

START_TEST(children_of_a_held_session_end_with_its_connection)
{
	struct client *holder;
	pid_t children[CHILDREN], root = attach_family(children, true, &holder);

	client_free(holder);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(root) && was_closed(children[0]) && was_closed(children[1]));
	end_family(root);
}
END_TEST

START_TEST(the_daemon_leaves_with_the_last_child)
{
	pid_t children[CHILDREN], root = attach_family(children, false, NULL);

	ck_ok(client_once(pid_request("detach", children[0]), false, NULL, &e), e);
	end_family(root); /* its children go with it */
	ck_assert(ends_soon(server));
	ck_assert(was_closed(root) && was_closed(children[1]));
}
END_TEST

/* ---- coming and going ---- */

START_TEST(a_held_session_ends_with_its_connection)
{
	struct client *c;

	ck_ok(client_new(&c, false, &e), e);
	ck_ok(client_call(c, attach_request(target, 1024, true), NULL, &e), e);
	ck_assert(!was_closed(target));
	client_free(c);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
}
END_TEST

/* Another process holds it, as one that looks does, until it is told to go. */
static pid_t hold_elsewhere(int *ret_go)
{
	int go[2], ready[2];
	char byte;
	pid_t pid;

	ck_assert(pipe(go) == 0 && pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		struct client *c;
		json_t *request = attach_request(target, 1024, false);

		json_object_set_new(request, "hold", json_string("shared"));
		close(go[1]);
		if (client_new(&c, false, &e) || client_call(c, request, NULL, &e) || write(ready[1], "r", 1) != 1)
			_exit(1);
		while (read(go[0], &byte, 1) > 0)
			;
		_exit(0);
	}
	close(ready[1]);
	ck_assert(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(go[0]);
	*ret_go = go[1];
	return pid;
}

/* The one that began it goes; the recording of another goes on. */
static struct client *record_beyond_the_first(void)
{
	struct client *c;
	json_t *line;
	int go;
	pid_t first = hold_elsewhere(&go);

	c = start_recording(0, 0.05);
	ck_ok(client_next(c, &line, 3000, &e), e);
	json_decref(line);
	close(go);
	ck_assert(waitpid(first, NULL, 0) == first);
	for (int lines = 0; lines < 20; lines++) {
		ck_ok(client_next(c, &line, 3000, &e), e);
		ck_assert_ptr_null(json_object_get(line, "end"));
		json_decref(line);
	}
	ck_assert(!was_closed(target));
	return c;
}

START_TEST(a_shared_session_ends_with_the_last_who_uses_it)
{
	struct client *c = record_beyond_the_first();

	client_free(c);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
}
END_TEST

START_TEST(the_last_who_leaves_a_shared_session_ends_it)
{
	struct client *c = record_beyond_the_first();
	json_t *answer = NULL;

	ck_ok(client_once(pid_request("leave", target), false, &answer, &e), e);
	ck_assert(json_is_false(json_object_get(answer, "stays")));
	json_decref(answer);
	ck_assert(was_closed(target));
	client_free(c);
}
END_TEST

START_TEST(who_leaves_a_session_of_others_leaves_it)
{
	json_t *answer = NULL;
	int go;
	pid_t first = hold_elsewhere(&go);

	ck_ok(client_once(pid_request("leave", target), false, &answer, &e), e);
	ck_assert(json_is_true(json_object_get(answer, "stays")));
	json_decref(answer);
	ck_assert(!was_closed(target));
	close(go);
	ck_assert(waitpid(first, NULL, 0) == first);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
}
END_TEST

START_TEST(who_leaves_a_session_of_nobody_leaves_it)
{
	json_t *answer = NULL;

	attach();
	ck_ok(client_once(pid_request("leave", target), false, &answer, &e), e);
	ck_assert(json_is_true(json_object_get(answer, "stays")));
	json_decref(answer);
	ck_assert(!was_closed(target));
}
END_TEST

START_TEST(a_held_session_tells_its_end)
{
	struct client *c;
	json_t *line;

	ck_ok(client_new(&c, false, &e), e);
	ck_ok(client_call(c, attach_request(target, 1024, true), NULL, &e), e);
	kill(target, SIGKILL);
	ck_ok(client_next(c, &line, 3000, &e), e);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(line, "ended")), "killed by signal 9"));
	json_decref(line);
	client_free(c);
}
END_TEST

START_TEST(a_term_signal_ends_all_sessions_well)
{
	attach();
	kill(server, SIGTERM);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
	ck_assert(!exists("control.sock"));
}
END_TEST

START_TEST(a_hangup_ends_all_sessions_well)
{
	attach();
	kill(server, SIGHUP);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
}
END_TEST

/* nohup has it ignored before it starts us. */
START_TEST(under_nohup_a_hangup_ends_nothing)
{
	kill(server, SIGTERM);
	ck_assert(ends_soon(server));
	signal(SIGHUP, SIG_IGN);
	server = start_server();
	signal(SIGHUP, SIG_DFL);
	attach();
	kill(server, SIGHUP);
	usleep(200000); /* a signal that ends it is taken at once */
	json_decref(status());
	ck_assert(!was_closed(target));
	kill(server, SIGTERM);
	ck_assert(ends_soon(server));
	ck_assert(was_closed(target));
}
END_TEST

START_TEST(a_killed_daemon_leaves_a_socket_that_the_next_replaces)
{
	attach();
	kill(server, SIGKILL);
	ck_assert(ends_soon(server));
	waitpid(server, NULL, 0);
	ck_assert(exists("control.sock"));
	ck_assert_int_eq(client_once(json_pack("{s:s}", "op", "status"), false, NULL, &e), CLIENT_NONE);
	server = start_server();
	attach();
}
END_TEST

START_TEST(two_daemons_do_not_share_a_socket)
{
	int fd, lock;

	ck_assert_int_eq(control_listen(&fd, &lock, &e), -EBUSY);
	attach();
}
END_TEST

START_TEST(a_directory_that_others_can_enter_is_refused)
{
	struct stat st;

	ck_assert_int_eq(chmod(directory, 0755), 0);
	ck_assert_int_eq(client_once(json_pack("{s:s}", "op", "status"), false, NULL, &e), -EPERM);
	ck_assert_int_eq(chmod(directory, 0700), 0);
	ck_assert_int_eq(stat(directory, &st), 0);
	attach();
}
END_TEST

START_TEST(the_socket_is_its_owners_only)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/control.sock", directory);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* As another user, on a socket whose modes somebody spoiled: 0 when the daemon answered nothing. */
static int ask_as_stranger(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	static const char request[] = "{\"op\":\"status\"}\n";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/control.sock", directory);
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 2;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return 3;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return 0;
	return recv(fd, &byte, 1, 0) > 0 ? 1 : 0;
}

START_TEST(a_stranger_is_not_answered_even_where_the_door_is_open)
{
	char path[160];
	int ended;
	pid_t pid;

	if (geteuid() != 0)
		return; /* only root can be somebody else */
	attach();
	snprintf(path, sizeof(path), "%s/control.sock", directory);
	ck_assert_int_eq(chmod(directory, 0711), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	pid = fork();
	if (pid == 0)
		_exit(ask_as_stranger());
	ck_assert_int_eq(waitpid(pid, &ended, 0), pid);
	ck_assert_int_eq(ended, 0);
	ck_assert_int_eq(chmod(directory, 0700), 0);
	json_decref(status());
}
END_TEST

TESTS_WITH("daemon", setup, teardown, an_attached_process_is_listed_until_it_is_detached,
	   the_daemon_leaves_with_its_last_session, a_refusal_keeps_its_sentence_and_its_code,
	   nonsense_is_refused_and_does_no_harm, a_line_without_end_is_cut_off, silent_clients_hold_up_nobody,
	   a_recording_ends_when_its_time_is_over, a_recording_ends_well_when_its_client_has_enough,
	   a_recording_survives_its_target_and_tells_its_end, a_recording_ends_with_detach,
	   a_recording_whose_client_vanishes_is_still_whole, a_slow_attach_holds_up_nobodys_tick,
	   who_does_not_wait_for_an_attach_leaves_no_session,
	   attaches_wait_for_one_another_and_a_daemon_that_is_stopped_waits_for_them,
	   children_are_sessions_that_end_with_their_root, a_child_that_is_detached_is_left_alone,
	   children_of_a_held_session_end_with_its_connection, the_daemon_leaves_with_the_last_child, a_held_session_ends_with_its_connection,
	   a_held_session_tells_its_end, a_shared_session_ends_with_the_last_who_uses_it,
	   the_last_who_leaves_a_shared_session_ends_it, who_leaves_a_session_of_others_leaves_it,
	   who_leaves_a_session_of_nobody_leaves_it, a_term_signal_ends_all_sessions_well, a_hangup_ends_all_sessions_well,
	   under_nohup_a_hangup_ends_nothing,
	   a_killed_daemon_leaves_a_socket_that_the_next_replaces, two_daemons_do_not_share_a_socket,
	   a_directory_that_others_can_enter_is_refused, the_socket_is_its_owners_only,
	   a_stranger_is_not_answered_even_where_the_door_is_open)
