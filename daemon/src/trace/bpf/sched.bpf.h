/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Scheduler jobs, any driver. These tracepoints are documented as stable (gpu_scheduler_trace.h). A job is
 * known by its scheduler fence: it is what all three have in common, and it outlives the job. The verifier of
 * Linux 7.3 takes a tracepoint's pointers for possibly NULL, hence the checks.
 */

SEC("tp_btf/drm_sched_job_queue")
int BPF_PROG(job_queue, struct drm_sched_job *job, struct drm_sched_entity *entity)
{
	struct vs_text_event *e;

	if (!job)
		return 0;
	e = vs_text_begin(VS_JOB_QUEUE);
	if (!e)
		return 0;
	e->event.value[0] = (__u64)job->s_fence;
	if (bpf_probe_read_kernel_str(e->text, sizeof(e->text), job->sched->name) < 0)
		e->text[0] = 0;
	vs_submit(e);
	return 0;
}

SEC("tp_btf/drm_sched_job_run")
int BPF_PROG(job_run, struct drm_sched_job *job, struct drm_sched_entity *entity)
{
	struct vs_text_event *e;

	if (!job)
		return 0;
	e = vs_text_begin(VS_JOB_RUN);
	if (!e)
		return 0;
	e->event.value[0] = (__u64)job->s_fence;
	if (bpf_probe_read_kernel_str(e->text, sizeof(e->text), job->sched->name) < 0)
		e->text[0] = 0;
	vs_submit(e);
	return 0;
}

SEC("tp_btf/drm_sched_job_done")
int BPF_PROG(job_done, struct drm_sched_fence *fence)
{
	struct vs_event *e = vs_event_begin(VS_JOB_DONE);

	if (!e)
		return 0;
	e->value[0] = (__u64)fence;
	vs_submit(e);
	return 0;
}
