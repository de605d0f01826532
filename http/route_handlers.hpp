// The handlers behind the routes; http/routes.cpp says which path leads to which.
#pragma once

#include "http/route_call.hpp"

namespace pusher::http {

// -- devices (routes_devices.cpp) --
answer put_device(const call& of);
answer get_device(const call& of);
answer change_device(const call& of);
answer delete_device(const call& of);
answer look_up_device(const call& of);
answer import_devices(const call& of);
/// The parts of put_device, for registrations that are stored together.
result<device> read_device(const call& of);
response registered_response(const request& asked, const registered_device& stored);

// -- audiences (routes_audience.cpp) --
answer search_devices(const call& of);
answer count_devices(const call& of);
answer export_devices(const call& of);
answer put_segment(const call& of);
answer get_segment(const call& of);
answer delete_segment(const call& of);
answer list_segments(const call& of);
answer list_gateways(const call& of);
answer list_token_holds(const call& of);
answer confirm_token_hold(const call& of);
answer undo_token_hold(const call& of);
answer get_indexed_properties(const call& of);
answer put_indexed_properties(const call& of);

// -- credentials (routes_credentials.cpp) --
answer create_credential(const call& of);
answer list_credentials(const call& of);
answer get_credential(const call& of);
answer change_credential(const call& of);
answer verify_credential(const call& of);
answer activate_credential(const call& of);
answer deactivate_credential(const call& of);
answer delete_credential(const call& of);

// -- people (routes_people.cpp) --
answer list_user_devices(const call& of);
answer export_user(const call& of);
answer erase_user(const call& of);

// -- webhooks (routes_webhooks.cpp) --
answer create_webhook(const call& of);
answer list_webhooks(const call& of);
answer get_webhook(const call& of);
answer change_webhook(const call& of);
answer delete_webhook(const call& of);
answer rotate_webhook_secret(const call& of);
answer enable_webhook(const call& of);
answer test_webhook(const call& of);
answer replay_webhook(const call& of);
answer list_webhook_attempts(const call& of);
// -- results (routes_results.cpp) --
answer read_feed(const call& of);
answer list_device_events(const call& of);
answer report_device_event(const call& of);
answer report_events(const call& of);
/// The parts of report_device_event, for reports that are stored together.
result<client_report> read_report(const call& of);
answer report_response(const client_report& report, const recorded_report& recorded);
answer list_notifications(const call& of);
answer list_deliveries(const call& of);
answer export_notifications(const call& of);
answer export_deliveries(const call& of);
answer explain_delivery(const call& of);
answer show_outcomes(const call& of);
answer follow_progress(const call& of);

// -- notifications (routes_notifications.cpp) --
answer create_notification(const call& of);
/// The parts of create_notification, for those that are stored together.
result<wished_notification> read_wish(const call& of);
response created_response(const request& asked, const principal& who, created_notification&& created);
answer get_notification(const call& of);
answer launch_notification(const call& of);
answer change_notification(const call& of);
answer delete_notification(const call& of);
answer pause_notification(const call& of);
answer resume_notification(const call& of);
answer cancel_notification(const call& of);

/// A fault of a call about a notification. Of one that is not there and whose id is older than what the
/// application keeps, it says so.
error explained_absence(const call& of, error why);

// -- callers of other services (routes_gorush.cpp) --
answer push_for_gorush(const call& of);

// -- rehearsals (routes_rehearsal.cpp) --
answer rehearse_notification(const call& of);
answer rehearse_draft(const call& of);

// -- applications and keys (routes_access.cpp). Of a path that names an application, an operator means any;
// others mean their own, and all else is not there. --
answer create_application(const call& of);
answer list_applications(const call& of);
answer get_application(const call& of);
answer change_application(const call& of);
answer suspend_application(const call& of);
answer resume_application(const call& of);
answer delete_application(const call& of);
answer create_key(const call& of);
answer list_keys(const call& of);
answer get_key(const call& of);
answer change_key(const call& of);
answer rotate_key(const call& of);
answer delete_key(const call& of);

/// What the caller's key may do.
answer show_access(const call& of);

// -- for who watches over sending (routes_supervision.cpp) --
answer list_gateway_states(const call& of);
answer list_dead_letters(const call& of);
answer requeue_dead_letter(const call& of);
answer drop_dead_letter(const call& of);

// -- the web console (routes_console.cpp) --
answer show_console(const call& of);
answer show_console_file(const call& of);

// -- what the API says of itself (routes_description.cpp) --
answer describe_api(const call& of);
answer show_docs(const call& of);

}  // namespace pusher::http
