//! GitHub driven by plain HTTP and by git, one scenario a behaviour.
//!
//! Every scenario runs by itself, and once more with all of its exchanges held against the official document.

mod access;
mod git_data;
mod graphql;
mod issues;
mod pulls;
mod repositories;
mod stage;

/// Neither times nor ids nor commits depend on the day or on the port.
#[test]
fn two_runs_are_alike() {
    let run = || {
        let stage = stage::Stage::new();
        pulls::a_pull_request_lives_and_is_merged(&stage);
        let answers: Vec<String> = stage
            .github
            .requests()
            .iter()
            .map(|exchange| {
                String::from_utf8_lossy(&exchange.answer.body)
                    .replace(stage.github.url().trim_start_matches("http://"), "")
            })
            .collect();
        (stage.github.state("team/app"), stage.head("main"), answers)
    };
    assert_eq!(run(), run());
}

/// A test for each scenario, and one that runs them all against the document.
macro_rules! scenarios {
    ($($room:ident::$name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                $room::$name(&stage::Stage::new());
            }
        )*

        #[test]
        #[ignore = "needs the official API documents beside the repository"]
        fn every_exchange_is_as_the_official_document_says() {
            let mut violations = Vec::new();
            let mut exchanges = 0;
            $(
                let stage = stage::Stage::new();
                $room::$name(&stage);
                exchanges += stage.github.requests().len();
                let found = stage.github.check_conformance(&stage::document());
                violations.extend(found.into_iter().map(|violation| format!("{}: {violation}", stringify!($name))));
            )*
            assert!(exchanges > 200, "{exchanges} exchanges");
            assert!(violations.is_empty(), "{}", violations.join("\n"));
        }
    };
}

scenarios![
    access::a_bot_is_told_who_it_is,
    access::wrong_credentials_are_refused,
    access::a_private_repository_is_absent_for_strangers,
    access::a_token_without_the_right_to_workflows_cannot_touch_them,
    access::an_app_gets_a_token_for_its_installation,
    access::a_fine_grained_token_is_told_what_it_lacks,
    access::reading_is_all_that_an_archive_allows,
    access::the_hourly_limit_ends_in_403,
    access::an_unchanged_answer_costs_nothing,
    access::a_renamed_repository_redirects,
    access::both_roots_of_an_enterprise_server_answer,
    repositories::pages_lead_to_each_other,
    repositories::repositories_are_found_every_way,
    repositories::branches_and_their_protection_are_told,
    repositories::files_are_read_by_path,
    repositories::files_are_written_by_path,
    repositories::commits_and_comparisons_are_gits_own,
    repositories::statuses_are_combined,
    repositories::settings_are_changed_by_administrators,
    git_data::a_commit_is_made_from_blob_tree_commit_and_ref,
    git_data::a_tree_keeps_what_it_is_not_told_to_change,
    git_data::a_tree_takes_directories_links_and_submodules,
    git_data::refs_are_made_moved_and_deleted,
    git_data::an_empty_repository_has_no_git_data,
    git_data::bytes_survive,
    git_data::a_large_tree_is_truncated,
    git_data::a_clone_and_a_push_go_through_git,
    git_data::a_push_without_rights_is_refused,
    pulls::a_pull_request_lives_and_is_merged,
    pulls::a_pull_request_that_cannot_be_is_refused,
    pulls::mergeable_is_computed_later,
    pulls::conflicts_and_moved_heads_prevent_a_merge,
    pulls::a_squash_and_a_rebase_leave_a_straight_line,
    pulls::a_pull_request_follows_its_branches,
    pulls::a_closed_one_does_not_block_a_new_one,
    pulls::a_fork_can_be_merged_and_can_vanish,
    pulls::reviewers_are_collaborators,
    pulls::lists_are_filtered,
    issues::an_issue_lives,
    issues::labels_come_as_an_array_or_an_object,
    issues::comments_are_written_changed_and_deleted,
    issues::lists_of_issues_contain_pull_requests,
    issues::too_much_text_is_refused,
    graphql::a_repository_is_described,
    graphql::a_commit_is_made_on_a_branch,
    graphql::a_stale_head_is_an_error_with_status_200,
    graphql::auto_merge_waits_for_what_is_required,
    graphql::unknown_fields_are_errors_before_anything_is_done,
    graphql::lists_are_paged_by_cursor,
];
