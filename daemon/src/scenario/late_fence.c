// SPDX-License-Identifier: MIT
/* A fence that signals when the scenario says so. See late_fence.h. */
#include "scenario/late_fence.h"

#include <unistd.h>

#include "drm/sync.h"
#include "scenario/expect.h"

int vs_late_fence_new(struct vs_run *run, struct vs_late_fence *ret)
{
	int r = vs_vgem_fence_new(run->fds->vgem, &ret->id, &ret->fence);

	if (r) {
		vs_ordinals_lost();
		return vs_run_fail(run, r, "making a fence with vgem");
	}
	/* A fence of vgem belongs to a BO, which this process has made. */
	vs_ordinal_bo();
	return 0;
}

int vs_late_fence_signal(struct vs_run *run, struct vs_late_fence *late)
{
	int r = vs_vgem_fence_signal(run->fds->vgem, late->id);

	close(late->fence);
	return r ? vs_run_fail(run, r, "signalling vgem's fence") : 0;
}
