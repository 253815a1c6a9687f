//! Funnels and tables of cohorts for programs.

use serde_json::{Value as Json, json};

use crate::ir::Bucket;
use crate::report::figure::{Bottleneck, Cohorts, Funnel, JourneyFigure};
use crate::report::render::json::{number, range, scalar};

pub(super) fn figure(figure: &JourneyFigure) -> Json {
    match figure {
        JourneyFigure::Funnel(f) => funnel(f),
        JourneyFigure::Cohorts(c) => cohorts(c),
    }
}

fn funnel(f: &Funnel) -> Json {
    let steps = (1..).zip(&f.steps).map(|(step, s): (usize, _)| {
        json!({
            "step": step,
            "label": s.label,
            "users": s.users,
            "of_first": number(s.of_first),
            "of_previous": number(s.of_previous),
            "interval": s.interval.as_ref().map_or(Json::Null, range),
            "lost": s.lost,
            "median_seconds": number(s.median_seconds),
        })
    });
    json!({
        "kind": "funnel",
        "period": f.period,
        "counts": f.counts,
        "steps": steps.collect::<Vec<_>>(),
        "median_seconds": number(f.median_seconds),
        "bottleneck": f.bottleneck.as_ref().map_or(Json::Null, bottleneck),
    })
}

fn bottleneck(b: &Bottleneck) -> Json {
    let segment = b.segment.as_ref().map_or(Json::Null, |s| {
        json!({
            "by": s.dimension,
            "value": scalar(&s.value),
            "share": number(Some(s.share)),
            "others": number(Some(s.others)),
            "difference": range(&s.difference),
        })
    });
    json!({
        "step": b.step,
        "lost": b.lost,
        "share": number(Some(b.share)),
        "segment": segment,
        "compared": b.compared,
    })
}

/// Of several periods with the last of them.
fn offset_of(bucket: &Bucket) -> Json {
    match bucket.from == bucket.to {
        true => json!({"offset": bucket.from}),
        false => json!({"offset": bucket.from, "to": bucket.to}),
    }
}

fn cohorts(c: &Cohorts) -> Json {
    let rows = c.cohorts.iter().map(|cohort| {
        let cells = c.offsets.iter().zip(&cohort.cells).map(|(offset, cell)| {
            let mut json = offset_of(offset);
            json["returned"] = json!(cell.returned);
            json["value"] = number(cell.value);
            json["complete"] = json!(cell.complete);
            json
        });
        json!({"period": cohort.label, "size": cohort.size, "cells": cells.collect::<Vec<_>>()})
    });
    let pooled = c.offsets.iter().zip(&c.pooled).map(|(offset, p)| {
        let mut json = offset_of(offset);
        json["value"] = number(p.value);
        json["interval"] = p.interval.as_ref().map_or(Json::Null, range);
        json["of"] = json!(p.of);
        json["cohorts"] = json!(p.cohorts);
        json
    });
    json!({
        "kind": "cohorts",
        "grain": c.grain.to_string(),
        "cohorts": rows.collect::<Vec<_>>(),
        "pooled": pooled.collect::<Vec<_>>(),
    })
}
