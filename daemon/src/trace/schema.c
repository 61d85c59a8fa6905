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
			      { USE(TASK), USE(VM), CREATE(VM_BO), USE(BO), USE(REFCOUNT) } },
	/* A kernel whose mappings do not hold their BO destroys the vm_bo while the BO is going. */
	[VS_VM_BO_DESTROY] = { "vm-bo-destroy", LIFECYCLE,
			       { USE(TASK), USE(VM), DESTROY(VM_BO), LAST(BO), USE(REFCOUNT) } },
	[VS_VA_INSERT] = { "va-insert", LIFECYCLE,
			   { USE(TASK), USE(VM), CREATE(VA), USE(BO), USE(IOVA), USE(RANGE), USE(OFFSET),
			     USE(FLAGS) } },
	[VS_VA_REMOVE] = { "va-remove", LIFECYCLE, { USE(TASK), USE(VM), DESTROY(VA) } },
	[VS_VA_LINK] = { "va-link", LIFECYCLE, { USE(VA), USE(VM_BO) } },
	/* msm removes a mapping from its VM first and unlinks it from its BO afterwards. */
	[VS_VA_UNLINK] = { "va-unlink", LIFECYCLE, { LAST(VA), USE(VM_BO) } },
	[VS_BO_CREATE] = { "bo-create", LIFECYCLE, { USE(TASK), CREATE(BO), USE(SIZE), USE(FLAGS) } },
	[VS_BO_DESTROY] = { "bo-destroy", LIFECYCLE, { USE(TASK), DESTROY(BO) } },
	[VS_BO_NAME] = { "bo-name", LIFECYCLE, { USE(BO), USE(NAME) } },
	[VS_HANDLE_OPEN] = { "handle-open", LIFECYCLE,
			     { USE(TASK), USE(FILE), USE(BO), USE(HANDLE), USE(REFCOUNT) } },
	[VS_HANDLE_CLOSE] = { "handle-close", LIFECYCLE,
			      { USE(TASK), USE(FILE), USE(BO), USE(HANDLE), USE(REFCOUNT) } },
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
};

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
