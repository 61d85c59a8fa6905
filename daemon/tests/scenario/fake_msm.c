// SPDX-License-Identifier: MIT
/* A fake msm behind drmIoctl(). See fake_msm.h. */
#include "fake_msm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "fake_msm_private.h"
#include "util.h"

#define MEMORY_SIZE (1ull << 36) /* sparse */
#define VA_START 0x100000000ull
#define VA_SIZE 0xffff00000000ull

struct fake_msm fake;
struct fake_state fake_state;

static int memory = -1;
static ino_t memory_inode;
static uint64_t memory_used;

void fake_msm_start(struct vs_runner_fds *fds)
{
	struct stat st;
	int pair[2];

	memset(&fake, 0, sizeof(fake));
	memset(&fake_state, 0, sizeof(fake_state));
	fake.fence_status = 1;
	fake.has_writeback = true;
	memory = memfd_create("fake-msm", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, MEMORY_SIZE) || fstat(memory, &st) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		perror("fake msm");
		abort();
	}
	memory_inode = st.st_ino;
	memory_used = 0;
	fake_state.event_fd = pair[1];
	memset(fds, 0, sizeof(*fds));
	fds->card = pair[0];
	snprintf(fds->card_path, sizeof(fds->card_path), "fake card");
	snprintf(fds->render_path, sizeof(fds->render_path), "/proc/self/fd/%d", memory);
	fake_kms_start();
}

void fake_msm_stop(struct vs_runner_fds *fds)
{
	close(memory);
	close(fds->card);
	close(fake_state.event_fd);
	for (unsigned i = 0; i < FAKE_CONTEXTS; i++)
		free(fake_state.context[i].va);
}

/*
 * The context of an open file. Each open of the node has its own file offset, which nothing else uses:
 * it holds the number of the context. The card has context 0.
 */
static struct context *context_of(int fd)
{
	struct stat st;
	off_t number;

	if (fstat(fd, &st) || st.st_ino != memory_inode)
		return &fake_state.context[0];
	number = lseek(fd, 0, SEEK_CUR);
	if (!number) {
		number = ++fake_state.n_contexts;
		if (number >= FAKE_CONTEXTS)
			abort();
		lseek(fd, number, SEEK_SET);
	}
	return &fake_state.context[number];
}

int fake_fence(void)
{
	bool hold = fake.hold_fences > 0;

	fake.hold_fences -= hold;
	return eventfd(!hold, EFD_CLOEXEC);
}

/* BOs and handles */

int fake_handle_new(struct context *context, uint64_t size)
{
	struct bo *bo = NULL;
	int handle = 0;

	for (unsigned i = 0; i < FAKE_BOS && !bo; i++)
		if (!fake_state.bo[i].refs)
			bo = &fake_state.bo[i];
	for (unsigned i = 1; i < FAKE_HANDLES && !handle; i++)
		if (!context->handle[i])
			handle = i;
	if (!bo || !handle)
		abort();
	*bo = (struct bo){ .refs = 1, .size = size, .memory = memory_used };
	memory_used += size;
	context->handle[handle] = bo;
	return handle;
}

struct bo *fake_bo(struct context *context, uint32_t handle)
{
	return handle < FAKE_HANDLES ? context->handle[handle] : NULL;
}

int fake_handle_close(struct context *context, uint32_t handle)
{
	struct bo *bo = fake_bo(context, handle);

	if (!bo)
		return EINVAL;
	bo->refs--;
	context->handle[handle] = NULL;
	return 0;
}

/* The VA tree: the steps of drm_gpuvm, with msm's callbacks */

static void va_insert(struct context *context, struct va va)
{
	if (context->n_vas == context->vas_size) {
		context->vas_size = context->vas_size ? 2 * context->vas_size : 64;
		context->va = realloc(context->va, context->vas_size * sizeof(va));
		if (!context->va)
			abort();
	}
	if (va.bo)
		va.bo->refs++;
	context->va[context->n_vas++] = va;
	fake.va_inserts++;
}

static void va_remove(struct context *context, unsigned i)
{
	if (context->va[i].bo)
		context->va[i].bo->refs--;
	context->va[i] = context->va[--context->n_vas];
	fake.va_removes++;
}

/* Take every overlap with [start, end) away; true when the one VA there is just what is to be mapped. */
static bool sm_unmap(struct context *context, uint64_t start, uint64_t end, const struct va *request)
{
	for (unsigned i = 0; i < context->n_vas;) {
		struct va old = context->va[i];
		uint64_t old_end = old.start + old.range;

		if (old_end <= start || old.start >= end) {
			i++;
			continue;
		}
		if (request && request->bo && old.bo == request->bo && old.offset == request->offset &&
		    old.start == start && old_end == end)
			return true;
		/* The pieces that stay do not overlap, so meeting them again later does no harm. */
		va_remove(context, i);
		if (old.start < start) {
			struct va prev = old;

			prev.range = start - old.start;
			va_insert(context, prev);
		}
		if (old_end > end) {
			struct va next = old;

			next.start = end;
			next.range = old_end - end;
			next.offset += end - old.start;
			va_insert(context, next);
		}
	}
	return false;
}

static void note(uint64_t value)
{
	fake.hash = (fake.hash ^ value) * 0x100000001b3;
}

static int bind_one(struct context *context, const struct vs_msm_vm_bind_op *op)
{
	struct va va = { .start = op->iova, .range = op->range, .offset = op->obj_offset };
	uint64_t page = sysconf(_SC_PAGESIZE);

	if ((op->iova | op->range | op->obj_offset) % page || !op->range || op->iova < VA_START || op->flags)
		return EINVAL;
	note(op->op);
	note(op->handle);
	note(op->obj_offset);
	note(op->iova);
	note(op->range);
	switch (op->op) {
	case VS_MSM_VM_BIND_OP_UNMAP:
		fake.unmaps++;
		sm_unmap(context, op->iova, op->iova + op->range, NULL);
		return op->handle ? EINVAL : 0;
	case VS_MSM_VM_BIND_OP_MAP_NULL:
		fake.map_nulls++;
		if (op->handle || fake.no_prr)
			return EINVAL;
		break;
	case VS_MSM_VM_BIND_OP_MAP:
		fake.maps++;
		va.bo = fake_bo(context, op->handle);
		if (!va.bo) {
			fake.bad_handles++;
			return EINVAL;
		}
		if (op->obj_offset + op->range > va.bo->size)
			return EINVAL;
		break;
	default:
		return EINVAL;
	}
	if (!sm_unmap(context, op->iova, op->iova + op->range, &va))
		va_insert(context, va);
	return 0;
}

static int vm_bind(struct context *context, struct vs_msm_vm_bind *arg)
{
	const struct vs_msm_vm_bind_op *ops = arg->nr_ops == 1 ? &arg->op : (const void *)(uintptr_t)arg->ops;

	if (!context->vm_bind || arg->queue_id >= FAKE_QUEUES || !context->queue[arg->queue_id] || !arg->nr_ops)
		return EINVAL;
	if (vs_now_ns() < fake_state.busy_until_ns)
		fake.binds_while_busy++;
	for (uint32_t i = 0; i < arg->nr_ops; i++) {
		int error = bind_one(context, &ops[i]);

		if (error)
			return error;
	}
	if (arg->flags & VS_MSM_VM_BIND_FENCE_FD_OUT)
		arg->fence_fd = fake_fence();
	return 0;
}

/* Command buffers */

/* Offset in memory of an address, or -1. */
static int64_t translate(const struct context *context, uint64_t iova)
{
	for (unsigned i = 0; i < context->n_vas; i++) {
		const struct va *va = &context->va[i];

		if (iova >= va->start && iova < va->start + va->range && va->bo)
			return va->bo->memory + va->offset + (iova - va->start);
	}
	return -1;
}

static bool gpu_read(const struct context *context, uint64_t iova, uint32_t *ret)
{
	int64_t at = translate(context, iova);

	return at >= 0 && pread(memory, ret, 4, at) == 4;
}

static bool gpu_write(const struct context *context, uint64_t iova, uint32_t value)
{
	int64_t at = translate(context, iova);

	return at >= 0 && (fake.break_writes || pwrite(memory, &value, 4, at) == 4);
}

static int execute(const struct context *context, uint64_t iova, uint32_t size)
{
	for (uint32_t at = 0; at < size;) {
		uint32_t header, n, d[8] = { 0 };

		if (!gpu_read(context, iova + at, &header) || header >> 28 != 7 ||
		    __builtin_popcount(header & 0x0000ffff) % 2 == 0 || __builtin_popcount(header & 0x00ff0000) % 2 == 0)
			return EINVAL;
		n = header & 0x3fff;
		at += 4;
		for (uint32_t i = 0; i < n; i++, at += 4)
			if (i >= 8 || !gpu_read(context, iova + at, &d[i]))
				return EINVAL;
		switch (header >> 16 & 0x7f) {
		case 0x3d:
			if (!gpu_write(context, d[0] | (uint64_t)d[1] << 32, d[2]))
				return EINVAL;
			break;
		case 0x73: {
			uint32_t value;

			if (!gpu_read(context, d[3] | (uint64_t)d[4] << 32, &value) ||
			    !gpu_write(context, d[1] | (uint64_t)d[2] << 32, value))
				return EINVAL;
			break;
		}
		}
	}
	return 0;
}

/* A fence that signals when the GPU is done. */
static int busy_fence(void)
{
	struct itimerspec end = { 0 };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	fake_state.busy_until_ns = vs_now_ns() + fake.submit_ms * 1000000ull;
	end.it_value.tv_sec = fake_state.busy_until_ns / 1000000000;
	end.it_value.tv_nsec = fake_state.busy_until_ns % 1000000000;
	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &end, NULL))
		abort();
	return fd;
}

static int submit(struct context *context, struct vs_msm_gem_submit *arg)
{
	const struct vs_msm_gem_submit_cmd *cmd = (const void *)(uintptr_t)arg->cmds;

	if (!context->vm_bind || arg->nr_cmds != 1 || arg->nr_bos || arg->queueid >= FAKE_QUEUES ||
	    !context->queue[arg->queueid] || execute(context, cmd->iova, cmd->size))
		return EINVAL;
	fake.submits++;
	if (arg->flags & VS_MSM_SUBMIT_FENCE_FD_OUT)
		arg->fence_fd = fake.submit_ms ? busy_fence() : fake_fence();
	return 0;
}

static int get_param(struct context *context, struct vs_msm_param *arg)
{
	context->has_vm = true;
	switch (arg->param) {
	case VS_MSM_PARAM_VA_START:
		arg->value = VA_START;
		return 0;
	case VS_MSM_PARAM_VA_SIZE:
		arg->value = VA_SIZE;
		return 0;
	case VS_MSM_PARAM_HAS_PRR:
		arg->value = !fake.no_prr;
		return 0;
	}
	return EINVAL;
}

static int set_param(struct context *context, const struct vs_msm_param *arg)
{
	if (arg->param != VS_MSM_PARAM_EN_VM_BIND)
		return EINVAL;
	if (context->has_vm)
		return EBUSY;
	context->vm_bind = true;
	return 0;
}

static int queue_new(struct context *context, struct vs_msm_submitqueue *arg)
{
	context->has_vm = true;
	for (unsigned i = 1; i < FAKE_QUEUES; i++) {
		if (!context->queue[i]) {
			context->queue[i] = true;
			arg->id = i;
			return 0;
		}
	}
	return ENOMEM;
}

static int queue_close(struct context *context, uint32_t id)
{
	if (id >= FAKE_QUEUES || !context->queue[id])
		return ENOENT;
	context->queue[id] = false;
	return 0;
}

static int gem_info(struct context *context, struct vs_msm_gem_info *arg)
{
	struct bo *bo = fake_bo(context, arg->handle);

	if (!bo)
		return ENOENT;
	if (arg->info == VS_MSM_INFO_GET_OFFSET)
		arg->value = bo->memory;
	return 0;
}

static int dispatch(int fd, unsigned long request, void *arg)
{
	struct context *context = context_of(fd);
	struct vs_msm_gem_new *gem_new = arg;

	switch (request) {
	case VS_IOCTL_MSM_SET_PARAM:
		return set_param(context, arg);
	case VS_IOCTL_MSM_GET_PARAM:
		return get_param(context, arg);
	case VS_IOCTL_MSM_GEM_NEW:
		gem_new->handle = fake_handle_new(context, gem_new->size);
		return 0;
	case DRM_IOCTL_GEM_CLOSE:
		return fake_handle_close(context, ((struct drm_gem_close *)arg)->handle);
	case VS_IOCTL_MSM_GEM_INFO:
		return gem_info(context, arg);
	case VS_IOCTL_MSM_SUBMITQUEUE_NEW:
		return queue_new(context, arg);
	case VS_IOCTL_MSM_SUBMITQUEUE_CLOSE:
		return queue_close(context, *(uint32_t *)arg);
	case VS_IOCTL_MSM_VM_BIND:
		return vm_bind(context, arg);
	case VS_IOCTL_MSM_GEM_SUBMIT:
		return submit(context, arg);
	case SYNC_IOC_FILE_INFO:
		((struct sync_file_info *)arg)->status = fake.fence_status;
		return 0;
	}
	return fake_kms_ioctl(context, request, arg);
}

/* In the place of libdrm's, for the program and for libdrm itself. */
int drmIoctl(int fd, unsigned long request, void *arg)
{
	int error;

	fake.ioctls++;
	if (fake.on_ioctl)
		fake.on_ioctl(fake.ioctls);
	if (fake.ioctls == fake.fail_at) {
		fake.failed = request;
		errno = fake.fail_errno;
		return -1;
	}
	error = dispatch(fd, request, arg);
	if (error)
		errno = error;
	return error ? -1 : 0;
}

unsigned fake_msm_handles(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_CONTEXTS; i++)
		for (unsigned k = 0; k < FAKE_HANDLES; k++)
			n += fake_state.context[i].handle[k] != NULL;
	return n;
}

unsigned fake_msm_bos(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_BOS; i++)
		n += fake_state.bo[i].refs > 0;
	return n;
}

unsigned fake_msm_vas(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_CONTEXTS; i++)
		n += fake_state.context[i].n_vas;
	return n;
}

unsigned fake_msm_queues(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_CONTEXTS; i++)
		for (unsigned k = 0; k < FAKE_QUEUES; k++)
			n += fake_state.context[i].queue[k];
	return n;
}
