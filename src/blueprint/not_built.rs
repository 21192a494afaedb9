//! What the language can say and this version does not build: refused where a blueprint is read.

use crate::blueprint::intent::{Owner, Per, Place};
use crate::blueprint::load::invalid;
use crate::diagnostics::{Report, quote};
use crate::identity::Model;
use crate::source::Span;

pub(super) fn refuse_model(model: Model, span: Span, report: &mut Report) {
    if model != Model::Vpc {
        let message =
            format!("blueprints of the model {} are not part of this version", quote(model.as_str()));
        invalid(span, &message, "write `vpc`: each tenant gets a VPC of its own", report);
    }
}

pub(super) fn refuse_owner(owner: Owner, span: Span, report: &mut Report) {
    match owner {
        Owner::Tenant => {}
        Owner::Cell => {
            let message = "networks that the tenants of a cell share are not part of this version";
            invalid(span, message, "write `tenant`", report);
        }
        Owner::None => {
            let message = "blueprints without a network are not part of this version";
            invalid(span, message, "write `tenant`", report);
        }
    }
}

pub(super) fn refuse_stack(per: Per, place: Place, span: Span, report: &mut Report) {
    if per != Per::Tenant {
        let help = format!("stacks that are `per: {}` are not part of this version", per.word());
        invalid(span, "a stack is `per: tenant`", &help, report);
    }
    if place != Place::Home {
        let help = format!("stacks `in: {}` are not part of this version", place.word());
        invalid(span, "a stack is `in: home`", &help, report);
    }
}
