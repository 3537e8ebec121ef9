//! What every backend must do, as code: [`CASES`], each for a store of its own that is empty.
//!
//! A backend's tests run all of them. A case fails by panicking, with what was expected in the assertion.

#![expect(clippy::panic, reason = "a suite of tests: a failing case panics")]

mod access;
mod concurrency;
mod interface;
mod lifecycle;
mod moving;
mod rollouts;
mod samples;
mod state;
mod transactions;
mod webhooks;

use std::{future::Future, pin::Pin, sync::Arc};

use crate::Store;

/// One case.
pub type Case = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        /// Every case, by name.
        pub const CASES: &[(&str, Case)] = &[$((stringify!($name), |store| Box::pin($module::$name(store)))),*];
    };
}

cases![
    access::tokens_are_kept_and_end,
    access::tokens_are_found_by_whose_they_are,
    access::somebody_of_a_provider_is_one_principal,
    access::a_login_comes_back_once_and_in_time,
    access::who_left_and_which_policies_hold_is_kept,
    access::grants_are_unique_while_in_force,
    access::a_key_belongs_to_one_principal,
    access::an_identity_belongs_to_one_principal,
    access::an_identity_token_is_spent_once,
    access::approvers_stay_readable_after_withdrawal,
    access::what_refers_to_nobody_is_refused,
    interface::a_version_has_one_draft_at_a_time,
    interface::open_drafts_are_listed_and_counted,
    interface::the_last_word_about_a_version_counts,
    interface::answers_are_kept_once_and_forgotten,
    lifecycle::a_submission_comes_back_as_it_went_in,
    lifecycle::a_record_that_is_not_that_of_its_statement_is_refused,
    lifecycle::versions_and_look_alikes_are_taken_once,
    lifecycle::states_change_by_compare_and_swap,
    lifecycle::what_is_live_changes_by_compare_and_swap,
    lifecycle::what_was_ever_live_is_read_in_pieces,
    lifecycle::consents_are_kept_once,
    lifecycle::revocations_are_kept_once,
    lifecycle::documents_come_back_by_digest,
    lifecycle::evidence_comes_back_in_order,
    lifecycle::the_credential_of_a_submission_comes_back_as_it_went_in,
    lifecycle::submissions_are_listed_in_order,
    rollouts::a_rollout_changes_by_compare_and_swap,
    rollouts::what_a_ring_served_comes_back_in_order,
    rollouts::a_break_glass_ends_once,
    rollouts::a_client_counts_once,
    transactions::nothing_is_kept_without_a_commit,
    transactions::events_have_no_gaps,
    transactions::a_snapshot_does_not_move,
    transactions::writers_take_turns,
    webhooks::webhooks_come_back_and_change_by_compare_and_swap,
    concurrency::one_decision_begins_when_the_other_has_ended,
    concurrency::decisions_that_are_given_up_leave_no_gaps,
    concurrency::of_two_decisions_about_one_revision_one_is_kept,
    concurrency::of_two_publishers_of_one_version_one_is_kept,
    concurrency::of_two_that_go_live_at_once_one_does,
    concurrency::a_decision_goes_on_after_a_refused_record,
    concurrency::names_are_sorted_byte_by_byte,
    access::nodes_agree_once,
    state::snapshots_of_the_state_are_kept_and_forgotten,
    moving::everything_comes_out_and_goes_in_again,
];
