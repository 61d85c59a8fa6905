// SPDX-License-Identifier: MIT
/*
 * Proves on the booted board what Vascope's scenarios rest on. A mapping is proved by what the GPU's stores do: they
 * land in the BO's page that is mapped at their iova, and nowhere when nothing is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drm.h"
#include "msm_drm.h"
#include "selftest.h"

#define IOVA	0x100000000ull
#define PAGES	4

/* Stores a fresh value at a page of the range, and tells whether it landed in that page of the BO. */
static int lands(struct gpu *gpu, const struct bo *bo, unsigned int page, int expected)
{
	static uint32_t value = 0xc0de0000;
	volatile uint32_t *word = &bo->cpu[page * PAGE / sizeof(*word)];
	int ret, landed;

	value++;
	*word = 0;
	ret = gpu_store(gpu, IOVA + page * PAGE, value);
	if (ret)
		return ret;
	landed = *word == value;
	if (landed == expected)
		return 0;
	fprintf(stderr, "a store to page %u %s (it reads 0x%08x)\n", page, landed ? "landed" : "did not land", *word);
	return -EPROTO;
}

static int lands_where(struct gpu *gpu, const struct bo *bo, const int expected[PAGES])
{
	int page, ret = 0;

	for (page = 0; page < PAGES && !ret; page++)
		ret = lands(gpu, bo, page, expected[page]);
	return ret;
}

/* EN_VM_BIND works on a fresh context, and is refused once GET_PARAM has made it a kernel-managed VM. */
static int prove_enable(struct gpu *gpu)
{
	struct drm_msm_param get = { .pipe = MSM_PIPE_3D0, .param = MSM_PARAM_VA_START };
	struct drm_msm_param enable = { .pipe = MSM_PIPE_3D0, .param = MSM_PARAM_EN_VM_BIND, .value = 1 };
	int late, ret;

	ret = gpu_open(gpu);
	if (ret)
		return ret;

	late = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
	if (late < 0)
		return -errno;
	ret = IOCTL(late, MSM_GET_PARAM, &get);
	if (!ret && (ioctl(late, DRM_IOCTL_MSM_SET_PARAM, &enable) == 0 || errno != EBUSY)) {
		fprintf(stderr, "EN_VM_BIND after GET_PARAM was not refused with EBUSY\n");
		ret = -EPROTO;
	}
	close(late);
	return ret;
}

static int prove_map(struct gpu *gpu, struct bo *bo)
{
	int ret = gpu_bo(gpu, PAGES * PAGE, bo);

	return ret ?: gpu_bind(gpu, MSM_VM_BIND_OP_MAP, bo->handle, 0, IOVA, bo->size);
}

static int prove_submit(struct gpu *gpu, struct bo *bo)
{
	return lands_where(gpu, bo, (const int[PAGES]) { 1, 1, 1, 1 });
}

static int prove_split(struct gpu *gpu, struct bo *bo)
{
	int ret = gpu_bind(gpu, MSM_VM_BIND_OP_UNMAP, 0, 0, IOVA + PAGE, PAGE);

	return ret ?: lands_where(gpu, bo, (const int[PAGES]) { 1, 0, 1, 1 });
}

static int prove_map_null(struct gpu *gpu, struct bo *bo)
{
	int ret = gpu_bind(gpu, MSM_VM_BIND_OP_MAP_NULL, 0, 0, IOVA + PAGE, 2 * PAGE);

	return ret ?: lands_where(gpu, bo, (const int[PAGES]) { 1, 0, 0, 1 });
}

static int prove_unmap(struct gpu *gpu, struct bo *bo)
{
	int ret = gpu_bind(gpu, MSM_VM_BIND_OP_UNMAP, 0, 0, IOVA, PAGES * PAGE);

	return ret ?: lands_where(gpu, bo, (const int[PAGES]) { 0, 0, 0, 0 });
}

static int report(const char *what, int ret)
{
	if (ret)
		printf("FAIL %s: %s\n", what, strerror(-ret));
	else
		printf("ok   %s\n", what);
	fflush(stdout);
	return ret;
}

int main(void)
{
	struct gpu gpu;
	struct bo bo;
	int failed = 0;

	if (report("card0 is msm, card1 is virtio-gpu", cards_are_there()))
		failed = 1;

	/* Each proof needs the one before it. */
	if (report("EN_VM_BIND before GET_PARAM, refused after it", prove_enable(&gpu)) ||
	    report("MAP of 4 pages", prove_map(&gpu, &bo)) ||
	    report("submit with fence: 4 stores land in the BO", prove_submit(&gpu, &bo)) ||
	    report("UNMAP of page 1 splits: 3 stores land, 1 does not", prove_split(&gpu, &bo)) ||
	    report("MAP_NULL over pages 1 and 2: stores there vanish", prove_map_null(&gpu, &bo)) ||
	    report("UNMAP of everything: no store lands", prove_unmap(&gpu, &bo)))
		failed = 1;
	else
		gpu_close(&gpu);

	if (report("atomic commit through the writeback connector, out-fence signalled", kms_writeback()))
		failed = 1;
	if (report("page flip on the ordinary connector, event delivered", kms_flip()))
		failed = 1;
	return failed;
}
