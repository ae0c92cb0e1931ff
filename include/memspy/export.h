/*
 * export: what the forms for other programs share.
 *
 * Names of the target are data, and some readers print them to a terminal as they are: they are escaped visibly
 * ("\x1b") before they are put into any of these forms.
 */
#pragma once

#include "memspy/buf.h"
#include "memspy/frame_texts.h"
#include "memspy/report_figures.h"

void export_number(struct buf *to, uint64_t n);			    /* as "%llu", for millions of them */
void export_json(struct buf *to, const char *text);		    /* a JSON string; NULL is "" */
void export_json_escaped(struct buf *to, const char *name);	    /* a name of the target as a JSON string */
/* ,"key":12.345678, whatever the locale says of points */
void export_seconds(struct buf *to, const char *key, double seconds);
/*
 * ,"lost":{"all":3,"contention":3,"full":0,…}: samples lost, by cause; what cost detail or booking only is beside, not in "all".
 * None above 2^53: readers of JSON keep no more.
 */
void export_losses(struct buf *to, const struct losses *l);
/* ,"stack":[{"function":…,"file":…,"line":…},…], leaf first; without Python: one frame that says so. `frames`: of export_frames. */
int export_frames(struct frame_texts **ret, const struct names *n, struct err *e);
void export_stack(struct buf *to, struct frame_texts *frames, uint32_t stack);

/* What a report is of. Each is text for people, escaped. */
void export_name(struct buf *to, const struct report *r);     /* "shop.wsgi (pid 4711)" */
void export_view(struct buf *to, const struct report *r);     /* "live at 60 s", "growth from 0 s to 60 s" */
void export_sum(struct buf *to, const struct report *r);      /* "540.2 MiB, 95 % interval 518.6 MiB to 561.8 MiB" */
void export_interval(struct buf *to, const struct report *r, const struct row *row); /* the same of a row */
void export_sampling(struct buf *to, const struct report *r); /* "sampled every 512.0 KiB, nothing lost" */
