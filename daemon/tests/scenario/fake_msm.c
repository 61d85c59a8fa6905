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
static int shrink; /* what is written there asks for all that is not needed */

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
	fds->display = fds->card;
	strcpy(fds->display_path, fds->card_path);
	strcpy(fds->display_driver, "fake");
	fds->vgem = dup(fds->card);
	fds->shrink = memfd_create("fake-shrink", MFD_CLOEXEC);
	shrink = fds->shrink;
	fake_kms_start();
	fake_sync_start();
}

void fake_msm_stop(struct vs_runner_fds *fds)
{
	close(memory);
	close(fds->card);
	close(fds->vgem);
	close(fds->shrink);
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

int fake_handle_to(struct context *context, struct bo *bo)
{
	int handle = 0;

	for (unsigned i = 1; i < FAKE_HANDLES && !handle; i++)
		if (!context->handle[i])
			handle = i;
	if (!handle)
		abort();
	bo->refs++;
	context->handle[handle] = bo;
	return handle;
}

int fake_handle_new(struct context *context, uint64_t size)
{
	struct bo *bo = NULL;

	for (unsigned i = 0; i < FAKE_BOS && !bo; i++)
		if (!fake_state.bo[i].refs)
			bo = &fake_state.bo[i];
	if (!bo)
		abort();
	*bo = (struct bo){ .size = size, .memory = memory_used, .ordinal = ++fake_state.n_bos };
	memory_used += size;
	return fake_handle_to(context, bo);
}

static void va_remove(struct context *context, unsigned i);

/* Take the mappings of a BO, or, NULL, all of them, down. */
static void unmap_bo(struct context *context, const struct bo *bo)
{
	for (unsigned i = 0; i < context->n_vas;)
		if (!bo || context->va[i].bo == bo)
			va_remove(context, i);
		else
			i++;
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
	context->handle[handle] = NULL;
	/* Mainline's rule for a VM that the kernel manages. */
	if (!context->vm_bind)
		unmap_bo(context, bo);
	bo->refs--;
	return 0;
}

/* In the place of libdrm's: the file's handles and mappings go with it. */
int drmClose(int fd)
{
	struct context *context = context_of(fd);

	if (context != &fake_state.context[0]) {
		for (uint32_t handle = 1; handle < FAKE_HANDLES; handle++)
			if (context->handle[handle])
				fake_handle_close(context, handle);
		unmap_bo(context, NULL);
		memset(context->queue, 0, sizeof(context->queue));
		fake_sync_close(context);
		context->closed = true;
	}
	return close(fd);
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

/* errno, and nothing has changed */
static int check_op(struct context *context, const struct vs_msm_vm_bind_op *op)
{
	const struct bo *bo = fake_bo(context, op->handle);
	uint64_t page = sysconf(_SC_PAGESIZE);

	if (op->op > VS_MSM_VM_BIND_OP_MAP_NULL || op->flags & ~1u)
		return EINVAL;
	if ((op->iova | op->range | op->obj_offset) % page || op->iova < VA_START || op->iova + op->range < op->iova ||
	    op->iova + op->range > VA_START + VA_SIZE)
		return EINVAL;
	if (op->op != VS_MSM_VM_BIND_OP_MAP)
		return op->handle || (op->op == VS_MSM_VM_BIND_OP_MAP_NULL && fake.no_prr) ? EINVAL : 0;
	if (!op->handle)
		return EINVAL;
	if (!bo)
		fake.bad_handles++;
	return !bo || op->obj_offset + op->range > bo->size ? EINVAL : 0;
}

static void bind_one(struct context *context, const struct vs_msm_vm_bind_op *op)
{
	struct va va = { .start = op->iova, .range = op->range, .offset = op->obj_offset };

	note(op->op);
	note(op->handle);
	note(op->obj_offset);
	note(op->iova);
	note(op->range);
	switch (op->op) {
	case VS_MSM_VM_BIND_OP_UNMAP:
		fake.unmaps++;
		sm_unmap(context, op->iova, op->iova + op->range, NULL);
		return;
	case VS_MSM_VM_BIND_OP_MAP_NULL:
		fake.map_nulls++;
		break;
	case VS_MSM_VM_BIND_OP_MAP:
		fake.maps++;
		va.bo = fake_bo(context, op->handle);
	}
	if (!sm_unmap(context, op->iova, op->iova + op->range, &va))
		va_insert(context, va);
}

/* In the order of msm_ioctl_vm_bind(). */
static int check_bind(struct context *context, const struct vs_msm_vm_bind *arg)
{
	if (!context->vm_bind || arg->flags & ~3u)
		return EINVAL;
	if (arg->queue_id >= FAKE_QUEUES || !context->queue[arg->queue_id])
		return ENOENT;
	if (!context->queue_binds[arg->queue_id])
		return EINVAL;
	return arg->nr_ops > 1u << 20 ? ENOMEM : 0;
}

static int vm_bind(struct context *context, struct vs_msm_vm_bind *arg)
{
	const struct vs_msm_vm_bind_op *ops = arg->nr_ops == 1 ? &arg->op : (const void *)(uintptr_t)arg->ops;
	int error = check_bind(context, arg), fence;

	if (error)
		return error;
	if (vs_now_ns() < fake_state.busy_until_ns && !(arg->flags & VS_MSM_VM_BIND_FENCE_FD_IN))
		fake.binds_while_busy++;
	errno = 0;
	fence = fake_sync_after(context, arg);
	if (fence < 0)
		return fence == -1 ? errno : -fence;
	if (arg->nr_ops > 1 && arg->ops < 4096)
		error = EFAULT;
	for (uint32_t i = 0; i < arg->nr_ops && !error; i++)
		error = check_op(context, &ops[i]);
	if (error) {
		close(fence);
		return error;
	}
	for (uint32_t i = 0; i < arg->nr_ops; i++)
		bind_one(context, &ops[i]);
	fake_sync_out(context, arg, fence);
	if (arg->flags & VS_MSM_VM_BIND_FENCE_FD_OUT)
		arg->fence_fd = fence;
	else
		close(fence);
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

static void touch_vm(struct context *context)
{
	if (!context->has_vm)
		context->ordinal = ++fake_state.n_vms;
	context->has_vm = true;
}

/* Where a BO is in a VM that the kernel manages; maps it there first. */
static uint64_t iova_of(struct context *context, struct bo *bo)
{
	uint64_t iova = VA_START;

	touch_vm(context);
	for (unsigned i = 0; i < context->n_vas; i++)
		if (context->va[i].bo == bo)
			return context->va[i].start;
	/* The first hole that is large enough. */
	for (unsigned i = 0; i < context->n_vas; i++) {
		const struct va *va = &context->va[i];

		if (iova < va->start + va->range && va->start < iova + bo->size) {
			iova = va->start + va->range;
			i = -1;
		}
	}
	va_insert(context, (struct va){ .start = iova, .range = bo->size, .bo = bo });
	return iova;
}

static int submit(struct context *context, struct vs_msm_gem_submit *arg)
{
	const struct vs_msm_gem_submit_cmd *cmd = (const void *)(uintptr_t)arg->cmds;
	const struct vs_msm_gem_submit_bo *bos = (const void *)(uintptr_t)arg->bos;
	uint64_t iova = cmd->iova;

	if (arg->nr_cmds != 1 || (context->vm_bind && arg->nr_bos) || arg->queueid >= FAKE_QUEUES ||
	    !context->queue[arg->queueid] || context->queue_binds[arg->queueid])
		return EINVAL;
	for (uint32_t i = arg->nr_bos; i-- > 0;) {
		struct bo *bo = fake_bo(context, bos[i].handle);

		if (!bo)
			return EINVAL;
		iova = iova_of(context, bo);
	}
	if (execute(context, iova, cmd->size))
		return EINVAL;
	fake.submits++;
	if (arg->flags & VS_MSM_SUBMIT_FENCE_FD_OUT)
		arg->fence_fd = fake.submit_ms ? busy_fence() : fake_fence();
	return 0;
}

static int madvise_bo(struct context *context, struct vs_msm_gem_madvise *arg)
{
	struct bo *bo = fake_bo(context, arg->handle);
	struct stat st;

	if (!bo)
		return ENOENT;
	if (!fstat(shrink, &st) && st.st_size)
		for (unsigned i = 0; i < FAKE_BOS; i++)
			fake_state.bo[i].purged |= fake_state.bo[i].dontneed;
	bo->dontneed = arg->madv == VS_MSM_MADV_DONTNEED;
	arg->retained = !bo->purged;
	return 0;
}

/* A global name is the BO's place. */
static int gem_open(struct context *context, struct drm_gem_open *arg)
{
	if (!arg->name || arg->name > FAKE_BOS)
		return ENOENT;
	arg->handle = fake_handle_to(context, &fake_state.bo[arg->name - 1]);
	return 0;
}

static int gem_flink(struct context *context, struct drm_gem_flink *arg)
{
	struct bo *bo = fake_bo(context, arg->handle);

	if (!bo)
		return ENOENT;
	arg->name = bo - fake_state.bo + 1;
	return 0;
}

static int get_param(struct context *context, struct vs_msm_param *arg)
{
	touch_vm(context);
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
	bool binds = arg->flags & VS_MSM_SUBMITQUEUE_VM_BIND;

	if (arg->flags & ~3u || (binds && (!context->vm_bind || arg->prio)))
		return EINVAL;
	touch_vm(context);
	for (unsigned i = 1; i < FAKE_QUEUES; i++) {
		if (!context->queue[i]) {
			context->queue[i] = true;
			context->queue_binds[i] = binds;
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
	if (arg->info == VS_MSM_INFO_GET_IOVA && context->vm_bind)
		return EINVAL;
	if (arg->info == VS_MSM_INFO_GET_IOVA)
		arg->value = iova_of(context, bo);
	return 0;
}

static int dispatch(int fd, unsigned long request, void *arg)
{
	struct context *context = context_of(fd);
	struct vs_msm_gem_new *gem_new = arg;
	int error;

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
	case VS_IOCTL_MSM_GEM_MADVISE:
		return madvise_bo(context, arg);
	case DRM_IOCTL_GEM_FLINK:
		return gem_flink(context, arg);
	case DRM_IOCTL_GEM_OPEN:
		return gem_open(context, arg);
	case SYNC_IOC_FILE_INFO:
		((struct sync_file_info *)arg)->status = fake.fence_status;
		return 0;
	}
	error = fake_sync_ioctl(context, fd, request, arg);
	return error >= 0 ? error : fake_kms_ioctl(context, request, arg);
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
