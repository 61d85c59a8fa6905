/* SPDX-License-Identifier: MIT */
/* The table of kinds. The columns are those that event.proto gives in brackets, in that order. */
#include "trace/schema.h"

#include <stddef.h>

#define COLUMN(name) VASCOPE__V1__COLUMN__COLUMN_##name
#define USE(name) { COLUMN(name), VS_ROLE_USE }
#define CREATE(name) { COLUMN(name), VS_ROLE_CREATE }
#define DESTROY(name) { COLUMN(name), VS_ROLE_DESTROY }
#define LAST(name) { COLUMN(name), VS_ROLE_USE_LAST }

#define LIFECYCLE VS_CLASS_LIFECYCLE
#define ACTIVITY VS_CLASS_ACTIVITY

const struct vs_schema vs_schemas[VS_KIND_COUNT] = {
	[VS_VM_CREATE] = { "vm-create", LIFECYCLE,
			   { USE(TASK), CREATE(VM), USE(NAME), USE(FLAGS), USE(IOVA), USE(RANGE) } },
	[VS_VM_DESTROY] = { "vm-destroy", LIFECYCLE, { USE(TASK), DESTROY(VM) } },
	[VS_VM_BO_CREATE] = { "vm-bo-create", LIFECYCLE,
			      { USE(TASK), USE(VM), CREATE(VM_BO), USE(BO), USE(REFCOUNT), USE(COUNT) } },
	/* A kernel whose mappings do not hold their BO destroys the vm_bo while the BO is going. */
	[VS_VM_BO_DESTROY] = { "vm-bo-destroy", LIFECYCLE,
			       { USE(TASK), USE(VM), DESTROY(VM_BO), LAST(BO), USE(REFCOUNT) } },
	[VS_VA_INSERT] = { "va-insert", LIFECYCLE,
			   { USE(TASK), USE(VM), CREATE(VA), USE(BO), USE(IOVA), USE(RANGE), USE(OFFSET),
			     USE(FLAGS) } },
	[VS_VA_REMOVE] = { "va-remove", LIFECYCLE, { USE(TASK), USE(VM), DESTROY(VA), USE(REASON) } },
	[VS_VA_LINK] = { "va-link", LIFECYCLE, { USE(VA), USE(VM_BO) } },
	/* msm removes a mapping from its VM first and unlinks it from its BO afterwards. */
	[VS_VA_UNLINK] = { "va-unlink", LIFECYCLE, { LAST(VA), USE(VM_BO) } },
	[VS_BO_CREATE] = { "bo-create", LIFECYCLE, { USE(TASK), CREATE(BO), USE(SIZE), USE(FLAGS) } },
	[VS_BO_DESTROY] = { "bo-destroy", LIFECYCLE, { USE(TASK), DESTROY(BO) } },
	[VS_BO_NAME] = { "bo-name", LIFECYCLE, { USE(BO), USE(NAME) } },
	[VS_HANDLE_OPEN] = { "handle-open", LIFECYCLE,
			     { USE(TASK), USE(FILE), USE(BO), USE(HANDLE), USE(REFCOUNT) } },
	/* A file that is closed ends (drm_file_free) before its handles are. */
	[VS_HANDLE_CLOSE] = { "handle-close", LIFECYCLE,
			      { USE(TASK), LAST(FILE), USE(BO), USE(HANDLE), USE(REFCOUNT) } },
	[VS_VM_MODE] = { "vm-mode", LIFECYCLE, { USE(TASK), USE(VM), USE(MODE) } },
	[VS_VM_CLOSE] = { "vm-close", LIFECYCLE, { USE(TASK), USE(VM) } },
	[VS_VM_BIND] = { "vm-bind", ACTIVITY,
			 { USE(TASK), USE(QUEUE), USE(COUNT), USE(FLAGS), USE(RESULT), USE(DURATION) } },
	[VS_SUBMIT] = { "submit", ACTIVITY, { USE(TASK), USE(SUBMIT), USE(RING) } },
	[VS_SUBMIT_FLUSH] = { "submit-flush", ACTIVITY, { USE(SUBMIT), USE(RING), USE(SEQNO) } },
	[VS_SUBMIT_RETIRE] = { "submit-retire", ACTIVITY, { USE(SUBMIT), USE(RING), USE(SEQNO), USE(DURATION) } },
	[VS_JOB_QUEUE] = { "job-queue", ACTIVITY, { USE(TASK), CREATE(JOB), USE(NAME) } },
	[VS_JOB_RUN] = { "job-run", ACTIVITY, { USE(JOB), USE(NAME) } },
	[VS_JOB_DONE] = { "job-done", ACTIVITY, { DESTROY(JOB) } },
	[VS_FB_CREATE] = { "fb-create", LIFECYCLE, { USE(TASK), USE(FB), USE(BO), USE(SIZE) } },
	[VS_FB_DESTROY] = { "fb-destroy", LIFECYCLE, { USE(FB) } },
	[VS_FB_PREPARE] = { "fb-prepare", ACTIVITY, { USE(FB), USE(COUNT), USE(DURATION) } },
	[VS_FB_CLEANUP] = { "fb-cleanup", ACTIVITY, { USE(FB), USE(COUNT), USE(DURATION) } },
	[VS_COMMIT_BEGIN] = { "commit-begin", ACTIVITY, { USE(TASK), USE(CRTC) } },
	[VS_COMMIT_END] = { "commit-end", ACTIVITY, { USE(CRTC) } },
	[VS_FLIP_DONE] = { "flip-done", ACTIVITY, { USE(CRTC), USE(SEQNO) } },
	[VS_MARK] = { "mark", ACTIVITY, { USE(NAME) } },
	[VS_SM_MAP] = { "sm-map", ACTIVITY,
			{ USE(TASK), USE(VM), USE(BO), USE(IOVA), USE(RANGE), USE(OFFSET), USE(FLAGS) } },
	[VS_SM_UNMAP] = { "sm-unmap", ACTIVITY, { USE(TASK), USE(VM), USE(IOVA), USE(RANGE) } },
	[VS_SM_REMAP] = { "sm-remap", LIFECYCLE, { USE(VM), USE(VA), USE(IOVA), USE(RANGE) } },
	[VS_SM_KEEP] = { "sm-keep", LIFECYCLE, { USE(VM), USE(VA), USE(FLAGS) } },
	[VS_VM_BO_OBTAIN] = { "vm-bo-obtain", ACTIVITY, { USE(VM), USE(VM_BO), USE(BO) } },
	[VS_VM_BO_DEFER] = { "vm-bo-defer", LIFECYCLE, { USE(VM_BO) } },
	[VS_VM_BO_EVICT] = { "vm-bo-evict", LIFECYCLE, { USE(VM_BO), USE(COUNT) } },
	[VS_VM_BO_VALIDATE] = { "vm-bo-validate", LIFECYCLE, { USE(VM_BO), USE(RESULT) } },
	[VS_VM_FILE] = { "vm-file", LIFECYCLE, { USE(TASK), USE(VM), USE(FILE) } },
	[VS_VM_CLOSE_END] = { "vm-close-end", LIFECYCLE, { USE(VM) } },
	[VS_VM_UNUSABLE] = { "vm-unusable", LIFECYCLE, { USE(TASK), USE(VM) } },
	[VS_PTE_MAP] = { "pte-map", LIFECYCLE, { USE(VM), USE(IOVA), USE(RANGE), USE(QUEUE), USE(RESULT) } },
	[VS_PTE_UNMAP] = { "pte-unmap", LIFECYCLE, { USE(VM), USE(IOVA), USE(RANGE), USE(QUEUE), USE(REASON) } },
	/* Both name the job by its fence: it is there until msm_vma_job_free() puts it, after job-done. */
	[VS_VM_BIND_RUN] = { "vm-bind-run", LIFECYCLE, { LAST(JOB), USE(VM), USE(RESULT), USE(DURATION) } },
	[VS_VM_BIND_FREE] = { "vm-bind-free", LIFECYCLE, { LAST(JOB), USE(COUNT) } },
	[VS_THROTTLE] = { "throttle", ACTIVITY, { USE(VM), USE(COUNT) } },
	[VS_PREALLOC_CLEANUP] = { "prealloc-cleanup", ACTIVITY, { USE(COUNT) } },
	[VS_BO_EVICT] = { "bo-evict", LIFECYCLE, { USE(TASK), USE(BO) } },
	[VS_BO_PURGE] = { "bo-purge", LIFECYCLE, { USE(TASK), USE(BO) } },
	[VS_BO_MADVISE] = { "bo-madvise", LIFECYCLE, { USE(TASK), USE(BO), USE(FLAGS), USE(RESULT) } },
	[VS_PAGES_GET] = { "pages-get", LIFECYCLE, { USE(BO) } },
	/* Also while the BO is being destroyed, after bo-destroy. */
	[VS_PAGES_PUT] = { "pages-put", LIFECYCLE, { LAST(BO) } },
	[VS_PIN] = { "pin", LIFECYCLE, { USE(BO), USE(COUNT) } },
	[VS_UNPIN] = { "unpin", LIFECYCLE, { USE(BO), USE(COUNT) } },
	[VS_VMA_REF] = { "vma-ref", LIFECYCLE, { USE(TASK), USE(BO), USE(COUNT) } },
	[VS_HANDLE_CLOSED] = { "handle-closed", LIFECYCLE, { USE(TASK), LAST(FILE), USE(BO), USE(DURATION) } },
	[VS_SHRINK] = { "shrink", ACTIVITY, { USE(TASK), USE(REASON), USE(SIZE) } },
	[VS_PURGE_VMAPS] = { "purge-vmaps", ACTIVITY, { USE(COUNT) } },
	[VS_EXPORT] = { "export", LIFECYCLE, { USE(TASK), USE(BO) } },
	[VS_EXPORT_END] = { "export-end", LIFECYCLE, { USE(BO) } },
	[VS_IMPORT] = { "import", LIFECYCLE, { USE(TASK), USE(FILE), USE(HANDLE), USE(RESULT) } },
	[VS_FB_PLANE] = { "fb-plane", LIFECYCLE, { USE(FB), USE(BO), USE(COUNT) } },
	[VS_COMMIT_WAIT] = { "commit-wait", ACTIVITY, { USE(CRTC), USE(DURATION) } },
	[VS_VBLANK] = { "vblank", ACTIVITY, { USE(CRTC), USE(SEQNO) } },
	[VS_VBLANK_SENT] = { "vblank-sent", ACTIVITY, { USE(CRTC), USE(SEQNO) } },
	[VS_GPU_FAULT] = { "gpu-fault", LIFECYCLE, { USE(IOVA), USE(FLAGS) } },
};

_Static_assert((int)VS_GPU_FAULT == (int)VASCOPE__V1__EVENT_KIND__EVENT_KIND_GPU_FAULT, "kinds and event.proto agree");
_Static_assert((int)VS_PTE_UNMAP == (int)VASCOPE__V1__EVENT_KIND__EVENT_KIND_PTE_UNMAP, "kinds and event.proto agree");
_Static_assert((int)VS_REASON_REPLACE == (int)VASCOPE__V1__TEARDOWN_REASON__TEARDOWN_REASON_REPLACE,
	       "reasons and event.proto agree");
_Static_assert((int)VS_FLIP_DONE == (int)VASCOPE__V1__EVENT_KIND__EVENT_KIND_FLIP_DONE, "kinds and event.proto agree");
_Static_assert((int)VS_VM_BIND == (int)VASCOPE__V1__EVENT_KIND__EVENT_KIND_VM_BIND, "kinds and event.proto agree");
_Static_assert((int)VS_BO_NAME == (int)VASCOPE__V1__EVENT_KIND__EVENT_KIND_BO_NAME, "kinds and event.proto agree");

enum vs_object vs_column_object(Vascope__V1__Column column)
{
	switch (column) {
	case COLUMN(VM):
		return VS_OBJECT_VM;
	case COLUMN(VM_BO):
		return VS_OBJECT_VM_BO;
	case COLUMN(VA):
		return VS_OBJECT_VA;
	case COLUMN(BO):
		return VS_OBJECT_BO;
	case COLUMN(FILE):
		return VS_OBJECT_FILE;
	case COLUMN(JOB):
		return VS_OBJECT_JOB;
	default:
		return VS_OBJECT_NONE;
	}
}

bool vs_column_is_pages(Vascope__V1__Column column)
{
	return column == COLUMN(IOVA) || column == COLUMN(RANGE) || column == COLUMN(OFFSET) ||
	       column == COLUMN(SIZE);
}
