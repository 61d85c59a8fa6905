/* SPDX-License-Identifier: MIT */
/* What the daemon says: frames made from its own state, and the path from ring to queue. */
#include "daemon.h"

#include <errno.h>
#include <stdarg.h>

#include "config.h"
#include "util.h"

void vs_daemon_log(struct vs_daemon *daemon, Vascope__V1__LogLevel level, const char *format, ...)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Log log = VASCOPE__V1__LOG__INIT;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log.level = level;
	log.time_ns = vs_now_ns();
	log.text = text;
	frame.body_case = VASCOPE__V1__FRAME__BODY_LOG;
	frame.log = &log;
	vs_queue_control(&daemon->queue, &frame);
}

void vs_daemon_send(void *data, const Vascope__V1__Frame *frame)
{
	struct vs_daemon *daemon = data;

	vs_queue_data(&daemon->queue, frame);
}

void vs_daemon_hello(struct vs_daemon *daemon)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Hello hello = VASCOPE__V1__HELLO__INIT;

	hello.magic = VS_HELLO_MAGIC;
	hello.major = VS_PROTOCOL_MAJOR;
	hello.minor = VS_PROTOCOL_MINOR;
	hello.build = VS_BUILD_ID;
	hello.page_size = daemon->page_size;
	hello.program = "vascoped " VS_VERSION;
	frame.body_case = VASCOPE__V1__FRAME__BODY_HELLO;
	frame.hello = &hello;
	vs_queue_control(&daemon->queue, &frame);
}

static void vs_daemon_totals(const struct vs_daemon *daemon, Vascope__V1__Heartbeat *heartbeat)
{
	heartbeat->time_ns = vs_now_ns();
	/* Kind 0: lost, and nobody knows what it was. */
	for (int kind = 0; kind < VS_KIND_COUNT; kind++) {
		if (daemon->muted[kind])
			continue;
		heartbeat->produced += daemon->counts.kinds[kind].produced;
		heartbeat->dropped_kernel += daemon->counts.kinds[kind].dropped;
	}
	heartbeat->delivered = daemon->queue.delivered;
	heartbeat->dropped_queue = daemon->queue.dropped;
	heartbeat->queue_bytes = daemon->queue.bytes;
	heartbeat->queue_limit = daemon->queue.limit;
}

void vs_daemon_count(struct vs_daemon *daemon)
{
	struct vs_tracer_counts before = daemon->counts;
	struct vs_tracer_counts now = { .cpu_dropped = vs_xcalloc(daemon->tracer->n_cpus, sizeof(uint64_t)) };
	uint64_t now_ns = vs_now_ns();

	vs_tracer_count(daemon->tracer, &now);
	for (uint32_t kind = 0; kind < VS_KIND_COUNT; kind++)
		if (!daemon->muted[kind] && now.kinds[kind].dropped > before.kinds[kind].dropped)
			vs_queue_kernel_loss(&daemon->queue, kind,
					     now.kinds[kind].dropped - before.kinds[kind].dropped, daemon->counted_ns,
					     now_ns);
	for (uint32_t cpu = 0; cpu < daemon->tracer->n_cpus; cpu++)
		if (now.cpu_dropped[cpu] > before.cpu_dropped[cpu])
			vs_queue_kernel_loss_cpu(&daemon->queue, cpu, now.cpu_dropped[cpu] - before.cpu_dropped[cpu]);
	free(before.cpu_dropped);
	daemon->counts = now;
	daemon->counted_ns = now_ns;
}

/* An address that began while its object was alive: the end of the first was missed, and the ids say so. */
static void vs_daemon_tell_gaps(struct vs_daemon *daemon)
{
	static const char *const names[] = { "VM", "vm_bo", "VA", "BO", "file", "job" };
	uint64_t total = 0;
	char text[128] = "";
	size_t at = 0;

	for (int object = 0; object < VS_OBJECT_COUNT; object++)
		total += daemon->resolver.gaps[object];
	if (total == daemon->gaps_told)
		return;
	daemon->gaps_told = total;
	for (int object = 0; object < VS_OBJECT_COUNT; object++)
		if (daemon->resolver.gaps[object] && at < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %llu %s",
					       (unsigned long long)daemon->resolver.gaps[object], names[object]);
	vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING,
		      "The end or the beginning of some objects was not seen so far (%s): their addresses came again. They have new "
		      "ids; take a snapshot to see which of the old ones are really alive.",
		      text + 1);
}

void vs_daemon_heartbeat(struct vs_daemon *daemon)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Heartbeat heartbeat = VASCOPE__V1__HEARTBEAT__INIT;

	vs_daemon_count(daemon);
	vs_daemon_tell_gaps(daemon);
	/* A loss before a batch is told with that batch; one with nothing behind it is told here. */
	if (!daemon->queue.data.first)
		vs_queue_flush_loss(&daemon->queue);
	vs_daemon_totals(daemon, &heartbeat);
	frame.body_case = VASCOPE__V1__FRAME__BODY_HEARTBEAT;
	frame.heartbeat = &heartbeat;
	vs_queue_control(&daemon->queue, &frame);
}

static void vs_daemon_close_batch(struct vs_daemon *daemon, enum vs_class class, bool more)
{
	struct vs_packed_batch packed;

	daemon->batch[class].more = more;
	vs_batch_pack(&daemon->batch[class], &daemon->announcements, daemon->queue.next_seq++, class, &packed);
	vs_queue_batch(&daemon->queue, &packed);
}

void vs_daemon_flush(struct vs_daemon *daemon)
{
	int open = 0;

	for (int class = 0; class < VS_CLASS_COUNT; class++)
		open += daemon->batch[class].n > 0;
	for (int class = VS_CLASS_COUNT - 1; class >= 0; class--)
		if (daemon->batch[class].n)
			vs_daemon_close_batch(daemon, class, --open > 0);
}

void vs_daemon_record(void *data, const struct vs_event *record, size_t size)
{
	struct vs_daemon *daemon = data;
	const char *text = size >= sizeof(struct vs_text_event) ? ((const struct vs_text_event *)record)->text : NULL;
	enum vs_class class;
	struct vs_row row;

	if (record->kind >= VS_RECORD_KINDS)
		return;
	daemon->seen[record->kind]++;
	if (record->kind == VS_FILE_FREE) {
		vs_resolve_file_free(&daemon->resolver, record->value[0], record->time_ns);
		return;
	}
	if (record->kind >= VS_WALK_BEGIN) {
		vs_snapshot_record(&daemon->snapshot, record, text);
		return;
	}
	if (!record->kind || record->kind >= VS_KIND_COUNT)
		return;
	vs_resolve(&daemon->resolver, record, text, &row);
	vs_announce(&daemon->announcements, &row);
	if (record->kind == VS_VM_CREATE)
		vs_snapshot_vm_made(&daemon->snapshot, row.cell[1], row.cell[0]);
	if (daemon->muted[record->kind])
		return;
	class = vs_schemas[record->kind].class;
	vs_batch_add(&daemon->batch[class], &row);
	if (daemon->batch[class].n == VS_BATCH_EVENTS)
		vs_daemon_close_batch(daemon, class, true);
}

bool vs_daemon_look(struct vs_daemon *daemon)
{
	bool more = vs_tracer_consume(daemon->tracer);

	vs_daemon_flush(daemon);
	return more;
}

void vs_daemon_drain(struct vs_daemon *daemon)
{
	vs_tracer_consume_all(daemon->tracer);
	vs_daemon_flush(daemon);
}

/* Records of walks that found no room, since tracing began. */
static uint64_t vs_daemon_walk_dropped(const struct vs_daemon *daemon)
{
	_vs_free_ uint64_t *cpu_dropped = vs_xcalloc(daemon->tracer->n_cpus, sizeof(*cpu_dropped));
	struct vs_tracer_counts counts = { .cpu_dropped = cpu_dropped };
	uint64_t dropped = 0;

	vs_tracer_count(daemon->tracer, &counts);
	for (int kind = VS_WALK_BEGIN; kind <= VS_WALK_END; kind++)
		dropped += counts.kinds[kind].dropped;
	return dropped;
}

void vs_daemon_snapshot(struct vs_daemon *daemon, uint32_t request_id)
{
	uint64_t dropped;
	int r;

	if (!vs_queue_takes_snapshot(&daemon->queue)) {
		/* Once, until one is taken again: logs need no credit, and a desktop that is behind must not be flooded. */
		if (!daemon->snapshot_skipped)
			vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING,
				      "Snapshots are skipped while the connection is behind: what was queued before must go out "
				      "first. Ask for another one later, or trace fewer kinds of events.");
		daemon->snapshot_skipped = true;
		return;
	}
	daemon->snapshot_skipped = false;
	vs_daemon_drain(daemon);
	vs_daemon_count(daemon);
	dropped = vs_daemon_walk_dropped(daemon);
	vs_snapshot_begin(&daemon->snapshot, vs_now_ns());
	r = vs_tracer_walk(daemon->tracer);
	vs_tracer_consume_all(daemon->tracer);
	dropped = vs_daemon_walk_dropped(daemon) - dropped;
	if (r)
		vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING,
			      "No snapshot of live state could be taken (%s): objects made before tracing are known only from what "
			      "happens to them. The preflight line Snapshots says what is missing.",
			      strerror(-r));
	else if (daemon->tracer->level != VS_LEVEL_BPF)
		r = -ENODATA; /* by its nature incomplete, which the trace level says; nothing to warn of each time */
	else if (dropped || daemon->snapshot.broken || !daemon->snapshot.ended)
		vs_daemon_log(daemon, VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING,
			      "The snapshot is incomplete: %llu objects found no room, %llu lists changed while they were "
			      "read. Ask for another one when less is going on.",
			      (unsigned long long)dropped, (unsigned long long)daemon->snapshot.broken);
	vs_snapshot_send(&daemon->snapshot, request_id, vs_now_ns(), !r && !dropped, vs_daemon_send, daemon);
	/* What was lost since the walk began, the snapshot may not know: it is told behind it. */
	vs_daemon_count(daemon);
	vs_daemon_flush(daemon);
}

void vs_daemon_scenario_status(struct vs_daemon *daemon, uint32_t run_id, const char *scenario,
			       Vascope__V1__ScenarioState state, const char *text)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__ScenarioStatus status = VASCOPE__V1__SCENARIO_STATUS__INIT;

	status.run_id = run_id;
	status.scenario = (char *)scenario;
	status.state = state;
	status.time_ns = vs_now_ns();
	status.text = (char *)text;
	frame.body_case = VASCOPE__V1__FRAME__BODY_SCENARIO;
	frame.scenario = &status;
	vs_queue_data(&daemon->queue, &frame);
}

/* Programs that had begun when tracing was stopped may still be writing: wait until all they counted has come. */
static void vs_daemon_drain_last(struct vs_daemon *daemon)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 200; i++) {
		uint64_t missing = 0;

		vs_daemon_drain(daemon);
		vs_daemon_count(daemon);
		for (int kind = 1; kind < VS_RECORD_KINDS; kind++)
			missing += daemon->counts.kinds[kind].produced - daemon->counts.kinds[kind].dropped -
				   daemon->seen[kind];
		if (!missing)
			return;
		nanosleep(&moment, NULL);
	}
}

void vs_daemon_end(struct vs_daemon *daemon, Vascope__V1__GoodbyeReason reason, const char *format, ...)
{
	va_list args;

	if (daemon->state == VS_STATE_ENDING)
		return;
	if (daemon->state == VS_STATE_TRACING) {
		vs_tracer_stop(daemon->tracer);
		vs_daemon_drain_last(daemon);
	}
	daemon->state = VS_STATE_ENDING;
	daemon->end_reason = reason;
	va_start(args, format);
	vsnprintf(daemon->end_text, sizeof(daemon->end_text), format, args);
	va_end(args);
	daemon->queue.unlimited = true;
	daemon->end_by_ns = vs_now_ns() + VS_END_PATIENCE_NS;
}

void vs_daemon_goodbye(struct vs_daemon *daemon)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Goodbye goodbye = VASCOPE__V1__GOODBYE__INIT;
	Vascope__V1__Heartbeat totals = VASCOPE__V1__HEARTBEAT__INIT;

	vs_queue_flush_loss(&daemon->queue);
	vs_daemon_totals(daemon, &totals);
	goodbye.reason = daemon->end_reason;
	goodbye.text = daemon->end_text;
	goodbye.totals = &totals;
	frame.body_case = VASCOPE__V1__FRAME__BODY_GOODBYE;
	frame.goodbye = &goodbye;
	vs_queue_control(&daemon->queue, &frame);
	daemon->goodbye_queued = true;
}
