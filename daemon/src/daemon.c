/* SPDX-License-Identifier: MIT */
/* The loop, and what each command does. Everything here runs without privileges. */
#include "daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "config.h"
#include "util.h"
#include "wire/command.h"

#define VS_LOOK_NS (20 * VS_NS_PER_MS) /* how long an event may wait in the ring or in an open batch */
#define VS_SNAPSHOT_PERIOD_MIN_MS 100
#define VS_SNAPSHOT_PERIOD_DEBUGFS_MS 1000
/* Frames other than batches that may wait to be written: beyond the first limit progress is left out, beyond the second the
 * runner is not read, so that a scenario waits with its next checkpoint. */
#define VS_PROGRESS_FRAMES 64
#define VS_RUNNER_FRAMES 256
#define VS_CANCEL_PATIENCE_NS (6 * VS_NS_PER_S)

#define END(reason) VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_##reason

void vs_daemon_init(struct vs_daemon *daemon, struct vs_tracer *tracer, struct vs_runner_process *runner,
		    const struct vs_capabilities *capabilities)
{
	*daemon = (struct vs_daemon){
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.signals = -1,
		.page_size = capabilities->facts->page_size,
		.tracer = tracer,
		.runner = runner,
		.capabilities = capabilities,
	};
	daemon->counts.cpu_dropped = vs_xcalloc(tracer->n_cpus, sizeof(uint64_t));
	vs_queue_init(&daemon->queue, VS_QUEUE_LIMIT, tracer->n_cpus);
	vs_resolver_init(&daemon->resolver, daemon->page_size);
	for (int class = 0; class < VS_CLASS_COUNT; class++)
		vs_batch_init(&daemon->batch[class]);
	vs_snapshot_init(&daemon->snapshot, &daemon->resolver);
}

void vs_daemon_destroy(struct vs_daemon *daemon)
{
	vs_snapshot_destroy(&daemon->snapshot);
	for (int class = 0; class < VS_CLASS_COUNT; class++)
		vs_batch_destroy(&daemon->batch[class]);
	vs_announcements_destroy(&daemon->announcements);
	vs_resolver_destroy(&daemon->resolver);
	vs_queue_destroy(&daemon->queue);
	vs_reader_destroy(&daemon->reader);
	free(daemon->counts.cpu_dropped);
	if (daemon->signals >= 0)
		close(daemon->signals);
}

static void vs_daemon_greet(struct vs_daemon *daemon, const Vascope__V1__Command *command)
{
	const Vascope__V1__Hello *hello = command->hello;

	if (command->body_case != VASCOPE__V1__COMMAND__BODY_HELLO || hello->magic != VS_HELLO_MAGIC) {
		vs_daemon_end(daemon, END(FAILED), "The first command was not a Hello of Vascope.");
	} else if (hello->major != VS_PROTOCOL_MAJOR || strcmp(hello->build, VS_BUILD_ID)) {
		vs_daemon_end(daemon, END(VERSION),
			      "This is vascoped build %.80s, protocol %d; the desktop wants build %.80s, protocol %u. Push the daemon "
			      "that belongs to the desktop.",
			      VS_BUILD_ID, VS_PROTOCOL_MAJOR, hello->build, hello->major);
	} else {
		vs_capabilities_send(daemon->capabilities,
				     (void (*)(void *, const Vascope__V1__Frame *))vs_queue_control, &daemon->queue);
		daemon->state = VS_STATE_READY;
	}
}

static void vs_daemon_start(struct vs_daemon *daemon, const Vascope__V1__Start *start)
{
	if (daemon->state == VS_STATE_TRACING) {
		vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING, "Start was ignored: tracing already.");
		return;
	}
	if (!vs_tracer_works(daemon->tracer)) {
		vs_daemon_end(daemon, END(FAILED), "Nothing can be traced on this board: %s. The preflight says what to do.",
			      daemon->tracer->problem);
		return;
	}
	for (size_t i = 0; i < start->n_mute; i++)
		if ((unsigned int)start->mute[i] < VS_KIND_COUNT)
			daemon->muted[start->mute[i]] = true;
	daemon->snapshot_period_ms = start->snapshot_period_ms;
	/* Without events snapshots are all there is. */
	if (daemon->tracer->level == VS_LEVEL_DEBUGFS && !daemon->snapshot_period_ms)
		daemon->snapshot_period_ms = VS_SNAPSHOT_PERIOD_DEBUGFS_MS;
	if (daemon->snapshot_period_ms && daemon->snapshot_period_ms < VS_SNAPSHOT_PERIOD_MIN_MS)
		daemon->snapshot_period_ms = VS_SNAPSHOT_PERIOD_MIN_MS;
	daemon->state = VS_STATE_TRACING;
	daemon->counted_ns = vs_now_ns();
	vs_tracer_start(daemon->tracer);
	vs_daemon_snapshot(daemon, 0);
	daemon->next_snapshot_ns = vs_now_ns() + daemon->snapshot_period_ms * VS_NS_PER_MS;
}

/* Passes a command on to the runner, as it is. */
static int vs_daemon_to_runner(struct vs_daemon *daemon, const Vascope__V1__Command *command)
{
	size_t size = vascope__v1__command__get_packed_size(command);
	_vs_free_ uint8_t *data = NULL;

	if (size > VS_RUNNER_PACKET)
		return -EMSGSIZE;
	if (daemon->runner->socket < 0)
		return -ENOTCONN;
	data = vs_xrealloc(NULL, size, 1);
	vascope__v1__command__pack(command, data);
	return send(daemon->runner->socket, data, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void vs_daemon_run_scenario(struct vs_daemon *daemon, const Vascope__V1__Command *command)
{
	const Vascope__V1__RunScenario *run = command->run;
	const char *why = NULL;
	int r;

	if (daemon->running)
		why = "another scenario is running; wait for it or cancel it";
	else if ((r = vs_daemon_to_runner(daemon, command)))
		why = r == -ENOTCONN ? "there is no scenario runner; the preflight says why" :
		      r == -EMSGSIZE ? "its parameters take more than 192 KiB; give fewer or shorter ones" :
				       strerror(-r);
	if (why) {
		vs_daemon_scenario_status(daemon, run->run_id, run->scenario,
					  VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_REFUSED, why);
		return;
	}
	daemon->running = true;
	daemon->run_id = run->run_id;
	snprintf(daemon->run_scenario, sizeof(daemon->run_scenario), "%s", run->scenario);
}

static void vs_daemon_cancel(struct vs_daemon *daemon, uint32_t run_id)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__CancelScenario cancel = VASCOPE__V1__CANCEL_SCENARIO__INIT;
	int r;

	if (!daemon->running || run_id != daemon->run_id)
		return; /* it has just ended by itself */
	cancel.run_id = run_id;
	command.body_case = VASCOPE__V1__COMMAND__BODY_CANCEL;
	command.cancel = &cancel;
	r = vs_daemon_to_runner(daemon, &command);
	if (r)
		vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_ERROR, "Scenario %s cannot be cancelled: %s.",
			      daemon->run_scenario, strerror(-r));
}

static void vs_daemon_stop(struct vs_daemon *daemon)
{
	if (!daemon->running) {
		vs_daemon_end(daemon, END(STOPPED), "Stopped.");
		return;
	}
	/* What the scenario does to clean up belongs into the recording. */
	vs_daemon_cancel(daemon, daemon->run_id);
	if (!daemon->stop_by_ns)
		daemon->stop_by_ns = vs_now_ns() + VS_CANCEL_PATIENCE_NS;
}

static void vs_daemon_command(struct vs_daemon *daemon, const Vascope__V1__Command *command)
{
	if (daemon->state == VS_STATE_GREETING) {
		vs_daemon_greet(daemon, command);
		return;
	}
	switch (command->body_case) {
	case VASCOPE__V1__COMMAND__BODY_START:
		vs_daemon_start(daemon, command->start);
		break;
	case VASCOPE__V1__COMMAND__BODY_STOP:
		vs_daemon_stop(daemon);
		break;
	case VASCOPE__V1__COMMAND__BODY_RUN:
		vs_daemon_run_scenario(daemon, command);
		break;
	case VASCOPE__V1__COMMAND__BODY_CANCEL:
		vs_daemon_cancel(daemon, command->cancel->run_id);
		break;
	case VASCOPE__V1__COMMAND__BODY_CREDIT:
		if (command->credit->bytes > INT64_MAX / 4 || daemon->queue.credit > INT64_MAX / 2)
			daemon->queue.credit = INT64_MAX / 2;
		else
			daemon->queue.credit += (int64_t)command->credit->bytes;
		break;
	case VASCOPE__V1__COMMAND__BODY_SNAPSHOT:
		if (daemon->state == VS_STATE_TRACING)
			vs_daemon_snapshot(daemon, command->snapshot->id);
		else
			vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING,
				      "A snapshot can be taken only while tracing: start first.");
		break;
	default:
		vs_daemon_end(daemon, END(FAILED), "A second Hello came from the desktop.");
	}
}

static void vs_daemon_message(struct vs_daemon *daemon, const uint8_t *message, size_t size)
{
	Vascope__V1__Command *command = vs_command_unpack(message, size);

	if (command)
		vs_daemon_command(daemon, command);
	else
		vs_daemon_end(daemon, END(FAILED), "A message of %zu bytes from the desktop is not a command.", size);
	vs_command_free(command);
}

static void vs_daemon_bytes(struct vs_daemon *daemon, const uint8_t *bytes, size_t size)
{
	const uint8_t *message;
	size_t message_size;
	ssize_t taken;

	while (size && daemon->state != VS_STATE_ENDING) {
		taken = vs_reader_push(&daemon->reader, bytes, size, &message, &message_size);
		if (taken < 0) {
			vs_daemon_end(daemon, END(FAILED), "The input is not Vascope's protocol (%s).",
				      taken == -EMSGSIZE ? "a message above 1 MiB" : "no message length");
			return;
		}
		if (message)
			vs_daemon_message(daemon, message, message_size);
		bytes += taken;
		size -= (size_t)taken;
	}
}

static void vs_daemon_read(struct vs_daemon *daemon)
{
	uint8_t bytes[16384];
	ssize_t n = read(daemon->in, bytes, sizeof(bytes));

	if (n > 0)
		vs_daemon_bytes(daemon, bytes, (size_t)n);
	else if (n == 0)
		vs_daemon_end(daemon, END(INPUT_ENDED), "The connection's input ended.");
	else if (errno != EAGAIN && errno != EINTR)
		vs_daemon_end(daemon, END(INPUT_ENDED), "The connection's input broke: %s.", strerror(errno));
}

static bool vs_scenario_is_over(Vascope__V1__ScenarioState state)
{
	return state != VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_STARTED &&
	       state != VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_RUNNING;
}

static void vs_daemon_runner_ended(struct vs_daemon *daemon)
{
	char text[128];
	int status = 0;

	waitpid(daemon->runner->pid, &status, 0);
	snprintf(text, sizeof(text), "the scenario runner died (%s %d); look in the board's kernel log",
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	close(daemon->runner->socket);
	*daemon->runner = (struct vs_runner_process){ .socket = -1 };
	vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_ERROR,
		      "No more scenarios can run in this session: %s. Tracing goes on.", text);
	if (!daemon->running)
		return;
	daemon->running = false;
	vs_daemon_drain(daemon);
	vs_daemon_scenario_status(daemon, daemon->run_id, daemon->run_scenario,
				  VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_FAILED, text);
}

static void vs_daemon_status(struct vs_daemon *daemon, const Vascope__V1__Frame *frame)
{
	const Vascope__V1__ScenarioStatus *status = frame->scenario;

	if (status->state == VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_RUNNING &&
	    daemon->queue.frames >= VS_PROGRESS_FRAMES)
		return; /* the next one tells more */
	/* What the scenario caused goes before what it says about it. */
	vs_daemon_drain(daemon);
	vs_queue_data(&daemon->queue, frame);
	if (daemon->running && status->run_id == daemon->run_id && vs_scenario_is_over(status->state))
		daemon->running = false;
}

static void vs_daemon_runner(struct vs_daemon *daemon)
{
	static uint8_t packet[VS_RUNNER_PACKET];
	Vascope__V1__Frame *frame;
	ssize_t n = recv(daemon->runner->socket, packet, sizeof(packet), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		vs_daemon_runner_ended(daemon);
		return;
	}
	frame = vascope__v1__frame__unpack(NULL, (size_t)n, packet);
	if (frame && frame->body_case == VASCOPE__V1__FRAME__BODY_SCENARIO) {
		vs_daemon_status(daemon, frame);
	} else if (frame && frame->body_case == VASCOPE__V1__FRAME__BODY_CHECKPOINT) {
		vs_daemon_drain(daemon);
		vs_queue_data(&daemon->queue, frame);
		/* The scenario goes on. A runner that is gone is met by the next look. */
		send(daemon->runner->socket, "", 1, MSG_NOSIGNAL);
	}
	vascope__v1__frame__free_unpacked(frame, NULL);
}

static void vs_daemon_signal(struct vs_daemon *daemon)
{
	struct signalfd_siginfo info;

	if (read(daemon->signals, &info, sizeof(info)) == sizeof(info))
		vs_daemon_end(daemon, END(FAILED), "vascoped was told to end by signal %u (%s).", info.ssi_signo,
			      strsignal((int)info.ssi_signo));
}

/* What is due now. */
static void vs_daemon_tick(struct vs_daemon *daemon, uint64_t now)
{
	if (daemon->state == VS_STATE_TRACING && now >= daemon->next_look_ns) {
		daemon->next_look_ns = vs_daemon_look(daemon) ? now : now + VS_LOOK_NS;
	}
	if (daemon->state == VS_STATE_TRACING && daemon->snapshot_period_ms && now >= daemon->next_snapshot_ns) {
		vs_daemon_snapshot(daemon, 0);
		daemon->next_snapshot_ns = vs_now_ns() + daemon->snapshot_period_ms * VS_NS_PER_MS;
	}
	if ((daemon->state == VS_STATE_TRACING || daemon->state == VS_STATE_READY) && now >= daemon->next_heartbeat_ns) {
		vs_daemon_heartbeat(daemon);
		daemon->next_heartbeat_ns = now + VS_NS_PER_S;
	}
	if (daemon->stop_by_ns && (!daemon->running || now >= daemon->stop_by_ns))
		vs_daemon_end(daemon, END(STOPPED), daemon->running ? "Stopped; scenario %s did not end in time and was killed." :
								      "Stopped, with scenario %s cancelled.",
			      daemon->run_scenario);
}

static int vs_daemon_timeout(const struct vs_daemon *daemon, uint64_t now)
{
	uint64_t next = now + VS_NS_PER_S;

	if (daemon->state == VS_STATE_TRACING && daemon->next_look_ns < next)
		next = daemon->next_look_ns;
	if (daemon->state != VS_STATE_GREETING && daemon->next_heartbeat_ns > now && daemon->next_heartbeat_ns < next)
		next = daemon->next_heartbeat_ns;
	return next <= now ? 0 : (int)((next - now + VS_NS_PER_MS - 1) / VS_NS_PER_MS);
}

static int vs_daemon_poll(struct vs_daemon *daemon)
{
	bool ending = daemon->state == VS_STATE_ENDING;
	bool behind = daemon->queue.frames >= VS_RUNNER_FRAMES;
	struct pollfd polled[] = {
		{ .fd = ending ? -1 : daemon->in, .events = POLLIN },
		{ .fd = daemon->out, .events = vs_queue_wants_write(&daemon->queue) ? POLLOUT : 0 },
		{ .fd = daemon->signals, .events = POLLIN },
		{ .fd = ending || behind ? -1 : daemon->runner->socket, .events = POLLIN },
		{ .fd = daemon->state == VS_STATE_TRACING ? vs_tracer_fd(daemon->tracer) : -1, .events = POLLIN },
	};

	if (poll(polled, VS_ARRAY_SIZE(polled), vs_daemon_timeout(daemon, vs_now_ns())) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[1].revents & (POLLERR | POLLNVAL))
		return -EPIPE;
	if (polled[2].revents)
		vs_daemon_signal(daemon);
	if (polled[4].revents)
		daemon->next_look_ns = 0; /* the tick that follows looks */
	if (polled[3].revents)
		vs_daemon_runner(daemon);
	if (polled[0].revents)
		vs_daemon_read(daemon);
	return 0;
}

/* SIGPIPE stays ignored: a broken stdout is an error of write(2). */
static int vs_daemon_signals(struct vs_daemon *daemon)
{
	sigset_t wanted;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &wanted, NULL))
		return -errno;
	daemon->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	return daemon->signals < 0 ? -errno : 0;
}

/* Writes what can be written; a slow connection that takes something has all the time it needs. */
static int vs_daemon_write(struct vs_daemon *daemon)
{
	uint64_t before = daemon->queue.written;
	int r = vs_queue_write(&daemon->queue, daemon->out);

	if (daemon->queue.written != before)
		daemon->end_by_ns = vs_now_ns() + VS_END_PATIENCE_NS;
	return r;
}

static int vs_daemon_loop(struct vs_daemon *daemon)
{
	int r;

	for (;;) {
		vs_daemon_tick(daemon, vs_now_ns());
		r = vs_daemon_write(daemon);
		if (r)
			return r;
		if (daemon->state == VS_STATE_ENDING && vs_queue_is_empty(&daemon->queue)) {
			if (daemon->goodbye_queued)
				return 0;
			vs_daemon_goodbye(daemon);
			continue;
		}
		if (daemon->state == VS_STATE_ENDING && vs_now_ns() > daemon->end_by_ns) {
			fprintf(stderr, "vascoped: nothing was read from its output for %llu s: it ends without a Goodbye, and what was queued is lost.\n",
				(unsigned long long)(VS_END_PATIENCE_NS / VS_NS_PER_S));
			return -ETIMEDOUT;
		}
		r = vs_daemon_poll(daemon);
		if (r)
			return r;
	}
}

int vs_daemon_run(struct vs_daemon *daemon)
{
	int in_flags = fcntl(daemon->in, F_GETFL), out_flags = fcntl(daemon->out, F_GETFL);
	int r = vs_daemon_signals(daemon);

	if (r)
		return r;
	/* The other side may share these descriptions (a terminal does), so they are given back as they were. */
	fcntl(daemon->in, F_SETFL, in_flags | O_NONBLOCK);
	fcntl(daemon->out, F_SETFL, out_flags | O_NONBLOCK);
	vs_daemon_hello(daemon);
	daemon->next_heartbeat_ns = vs_now_ns() + VS_NS_PER_S;
	r = vs_daemon_loop(daemon);
	vs_tracer_stop(daemon->tracer);
	fcntl(daemon->in, F_SETFL, in_flags);
	fcntl(daemon->out, F_SETFL, out_flags);
	return r;
}
