/* SPDX-License-Identifier: MIT */
#include "wire/queue.h"

#include <errno.h>

#include "util.h"
#include "wire/frame.h"

/* Tag of Frame.events: field 3, length-delimited. */
#define VS_EVENTS_TAG 0x1a
/* Announcements carried over in one frame; the rest follow with the next one. */
#define VS_ORPHANS_MAX (256u << 10)

struct vs_queued {
	struct vs_queued *next;
	bool is_batch;
	bool is_snapshot;
	struct vs_packed_batch batch; /* data and size are used for every frame, the rest for a batch */
};

void vs_queue_init(struct vs_queue *queue, size_t limit, size_t n_cpus)
{
	*queue = (struct vs_queue){ .limit = limit, .next_seq = 1 };
	queue->loss.n_cpus = n_cpus;
	queue->loss.cpu = vs_xcalloc(n_cpus, sizeof(*queue->loss.cpu));
}

static void vs_queued_free(struct vs_queued *item)
{
	free(item->batch.data);
	free(item);
}

static void vs_lane_clear(struct vs_lane *lane)
{
	for (struct vs_queued *item = lane->first, *next; item; item = next) {
		next = item->next;
		vs_queued_free(item);
	}
	*lane = (struct vs_lane){ 0 };
}

void vs_queue_destroy(struct vs_queue *queue)
{
	vs_lane_clear(&queue->control);
	vs_lane_clear(&queue->data);
	free(queue->out);
	free(queue->orphans);
	free(queue->loss.cpu);
	*queue = (struct vs_queue){ 0 };
}

static void vs_lane_append(struct vs_lane *lane, struct vs_queued *item)
{
	item->next = NULL;
	if (lane->last)
		lane->last->next = item;
	else
		lane->first = item;
	lane->last = item;
}

static struct vs_queued *vs_lane_take(struct vs_lane *lane)
{
	struct vs_queued *item = lane->first;

	lane->first = item->next;
	if (!lane->first)
		lane->last = NULL;
	return item;
}

static struct vs_queued *vs_queued_frame(const Vascope__V1__Frame *frame)
{
	struct vs_queued *item = vs_xcalloc(1, sizeof(*item));

	item->batch.size = vascope__v1__frame__get_packed_size(frame);
	item->batch.data = vs_xrealloc(NULL, item->batch.size, 1);
	vascope__v1__frame__pack(frame, item->batch.data);
	return item;
}

void vs_queue_control(struct vs_queue *queue, const Vascope__V1__Frame *frame)
{
	vs_lane_append(&queue->control, vs_queued_frame(frame));
}

static void vs_queue_append_frame(struct vs_queue *queue, struct vs_queued *item)
{
	queue->frames++;
	queue->snapshots += item->is_snapshot;
	queue->bytes += item->batch.size;
	vs_lane_append(&queue->data, item);
}

bool vs_queue_takes_snapshot(const struct vs_queue *queue)
{
	return !queue->snapshots && queue->bytes <= queue->limit / 2;
}

static void vs_loss_extend(struct vs_pending_loss *loss, uint64_t seq, uint64_t first_ns, uint64_t last_ns)
{
	if (seq > loss->after_seq)
		loss->after_seq = seq;
	if (!loss->any || first_ns < loss->first_ns)
		loss->first_ns = first_ns;
	if (!loss->any || last_ns > loss->last_ns)
		loss->last_ns = last_ns;
	loss->any = true;
}

void vs_queue_kernel_loss(struct vs_queue *queue, uint32_t kind, uint64_t n, uint64_t first_ns, uint64_t last_ns)
{
	vs_loss_extend(&queue->loss, queue->next_seq - 1, first_ns, last_ns);
	queue->loss.kernel[kind] += n;
}

void vs_queue_kernel_loss_cpu(struct vs_queue *queue, uint32_t cpu, uint64_t n)
{
	if (cpu < queue->loss.n_cpus)
		queue->loss.cpu[cpu] += n;
}

/* Counts a batch that will not be written, and keeps what it would have announced. */
static void vs_queue_drop(struct vs_queue *queue, const struct vs_packed_batch *batch)
{
	vs_loss_extend(&queue->loss, batch->seq, batch->first_ns, batch->last_ns);
	for (int kind = 0; kind < VS_KIND_COUNT; kind++)
		queue->loss.queue[kind] += batch->kinds[kind];
	queue->dropped += batch->events;
	queue->orphans = vs_xrealloc(queue->orphans, queue->orphans_size + batch->announced_size, 1);
	memcpy(queue->orphans + queue->orphans_size, batch->data + batch->announced_at, batch->announced_size);
	queue->orphans_size += batch->announced_size;
}

/* Drops the oldest batch of the lowest class; false when there is none. */
static bool vs_queue_drop_one(struct vs_queue *queue)
{
	struct vs_queued *before = NULL, *victim_before = NULL, *victim = NULL;

	for (struct vs_queued *item = queue->data.first; item; before = item, item = item->next) {
		if (item->is_batch && (!victim || item->batch.class < victim->batch.class)) {
			victim = item;
			victim_before = before;
		}
	}
	if (!victim)
		return false;
	if (victim_before)
		victim_before->next = victim->next;
	else
		queue->data.first = victim->next;
	if (queue->data.last == victim)
		queue->data.last = victim_before;
	queue->bytes -= victim->batch.size;
	vs_queue_drop(queue, &victim->batch);
	vs_queued_free(victim);
	return true;
}

void vs_queue_batch(struct vs_queue *queue, struct vs_packed_batch *packed)
{
	struct vs_queued *item = vs_xcalloc(1, sizeof(*item));

	item->is_batch = true;
	item->batch = *packed;
	packed->data = NULL;
	queue->bytes += item->batch.size;
	vs_lane_append(&queue->data, item);
	while (queue->bytes > queue->limit && vs_queue_drop_one(queue))
		;
}

/* The first batch behind what is lost. */
static uint64_t vs_queue_seq_behind_loss(const struct vs_queue *queue)
{
	for (const struct vs_queued *item = queue->data.first; item; item = item->next)
		if (item->is_batch && item->batch.seq > queue->loss.after_seq)
			return item->batch.seq;
	return queue->next_seq;
}

/* The Loss frame for what is pending, which is cleared. */
static struct vs_queued *vs_queue_take_loss(struct vs_queue *queue)
{
	struct vs_pending_loss *pending = &queue->loss;
	_vs_free_ Vascope__V1__LossOfCpu *cpus = vs_xcalloc(pending->n_cpus, sizeof(*cpus));
	_vs_free_ Vascope__V1__LossOfCpu **cpu_list = vs_xcalloc(pending->n_cpus, sizeof(*cpu_list));
	Vascope__V1__LossOfKind kinds[VS_KIND_COUNT], *kind_list[VS_KIND_COUNT];
	Vascope__V1__Loss loss = VASCOPE__V1__LOSS__INIT;
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;

	loss.first_ns = pending->first_ns;
	loss.last_ns = pending->last_ns;
	loss.batch_seq = vs_queue_seq_behind_loss(queue);
	loss.kinds = kind_list;
	for (int kind = 0; kind < VS_KIND_COUNT; kind++) {
		if (!pending->kernel[kind] && !pending->queue[kind])
			continue;
		vascope__v1__loss_of_kind__init(&kinds[loss.n_kinds]);
		kinds[loss.n_kinds].kind = (Vascope__V1__EventKind)kind;
		kinds[loss.n_kinds].kernel = pending->kernel[kind];
		kinds[loss.n_kinds].queue = pending->queue[kind];
		kind_list[loss.n_kinds] = &kinds[loss.n_kinds];
		loss.n_kinds++;
	}
	loss.cpus = cpu_list;
	for (size_t cpu = 0; cpu < pending->n_cpus; cpu++) {
		if (!pending->cpu[cpu])
			continue;
		vascope__v1__loss_of_cpu__init(&cpus[loss.n_cpus]);
		cpus[loss.n_cpus].cpu = (uint32_t)cpu;
		cpus[loss.n_cpus].kernel = pending->cpu[cpu];
		cpu_list[loss.n_cpus] = &cpus[loss.n_cpus];
		loss.n_cpus++;
	}
	frame.body_case = VASCOPE__V1__FRAME__BODY_LOSS;
	frame.loss = &loss;
	memset(pending->cpu, 0, pending->n_cpus * sizeof(*pending->cpu));
	*pending = (struct vs_pending_loss){ .cpu = pending->cpu, .n_cpus = pending->n_cpus };
	return vs_queued_frame(&frame);
}

void vs_queue_flush_loss(struct vs_queue *queue)
{
	if (queue->loss.any)
		vs_lane_append(&queue->control, vs_queue_take_loss(queue));
}

void vs_queue_data(struct vs_queue *queue, const Vascope__V1__Frame *frame)
{
	struct vs_queued *item = vs_queued_frame(frame);

	item->is_snapshot = frame->body_case == VASCOPE__V1__FRAME__BODY_SNAPSHOT;
	if (queue->loss.any)
		vs_queue_append_frame(queue, vs_queue_take_loss(queue));
	vs_queue_append_frame(queue, item);
}

/* How much of the orphans fits beside a batch: whole fields only. Each is a tag byte, a length, the bytes. */
static size_t vs_orphans_part(const struct vs_queue *queue, size_t room)
{
	size_t at = 0;

	if (queue->orphans_size <= room)
		return queue->orphans_size;
	while (at < queue->orphans_size) {
		size_t length = 0, end = at + 1;

		for (int shift = 0;; shift += 7) {
			length |= (size_t)(queue->orphans[end] & 0x7f) << shift;
			if (!(queue->orphans[end++] & 0x80))
				break;
		}
		if (end + length > room)
			break;
		at = end + length;
	}
	return at;
}

static void vs_out_append(struct vs_queue *queue, const void *data, size_t size)
{
	memcpy(queue->out + queue->out_size, data, size);
	queue->out_size += size;
}

/* Makes the bytes of one frame ready. Protobuf allows a message in pieces, so orphans are simply put before it. */
static void vs_queue_frame_out(struct vs_queue *queue, struct vs_queued *item)
{
	size_t room = VS_MESSAGE_MAX - item->batch.size - 64;
	size_t orphans = item->is_batch ? vs_orphans_part(queue, room < VS_ORPHANS_MAX ? room : VS_ORPHANS_MAX) : 0;
	size_t body = item->batch.size + orphans;
	uint8_t head[2 * VS_VARINT_MAX + 1];
	size_t n;

	if (item->is_batch) {
		n = vs_varint_write(head, 1 + vs_varint_size(body) + body);
		head[n++] = VS_EVENTS_TAG;
		n += vs_varint_write(head + n, body);
	} else {
		n = vs_varint_write(head, body);
	}
	queue->out = vs_xrealloc(queue->out, n + body, 1);
	queue->out_size = 0;
	queue->out_at = 0;
	vs_out_append(queue, head, n);
	if (orphans) {
		vs_out_append(queue, queue->orphans, orphans);
		queue->orphans_size -= orphans;
		memmove(queue->orphans, queue->orphans + orphans, queue->orphans_size);
	}
	vs_out_append(queue, item->batch.data, item->batch.size);
	queue->out_events = item->is_batch ? item->batch.events : 0;
	queue->credit -= (int64_t)queue->out_size;
	vs_queued_free(item);
}

static bool vs_queue_may_send_data(const struct vs_queue *queue)
{
	return queue->data.first && (queue->unlimited || queue->credit > 0);
}

/* Takes the next frame to write; false when there is none that may be written. */
static bool vs_queue_next(struct vs_queue *queue)
{
	struct vs_queued *item;

	if (queue->control.first) {
		vs_queue_frame_out(queue, vs_lane_take(&queue->control));
		return true;
	}
	if (!vs_queue_may_send_data(queue))
		return false;
	item = queue->data.first;
	/* What is pending is younger than all other frames of the lane: those took it along when they were queued. */
	if (queue->loss.any && !queue->frames) {
		vs_queue_frame_out(queue, vs_queue_take_loss(queue));
		return true;
	}
	vs_lane_take(&queue->data);
	queue->frames -= !item->is_batch;
	queue->snapshots -= item->is_snapshot;
	queue->bytes -= item->batch.size;
	vs_queue_frame_out(queue, item);
	return true;
}

bool vs_queue_wants_write(const struct vs_queue *queue)
{
	return queue->out_at < queue->out_size || queue->control.first || vs_queue_may_send_data(queue);
}

bool vs_queue_is_empty(const struct vs_queue *queue)
{
	return queue->out_at == queue->out_size && !queue->control.first && !queue->data.first;
}

int vs_queue_write(struct vs_queue *queue, int fd)
{
	while (queue->out_at < queue->out_size || vs_queue_next(queue)) {
		ssize_t n = write(fd, queue->out + queue->out_at, queue->out_size - queue->out_at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		queue->out_at += (size_t)n;
		queue->written += (size_t)n;
		if (queue->out_at == queue->out_size) {
			queue->delivered += queue->out_events;
			queue->out_events = 0;
		}
	}
	return 0;
}
