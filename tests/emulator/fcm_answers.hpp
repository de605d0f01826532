// How FCM HTTP v1 words its answers.
#pragma once

#include <string>
#include <string_view>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/fcm_message.hpp"
#include "tests/emulator/verdict.hpp"

namespace pusher::emulator {

/// The word in the log: FCM's errorCode, else the status, else what happened; empty when accepted.
std::string_view code_of(verdict what);

/// Fills the answer, except for `accepted`, `validated`, `refused_message`, `said` and what word_misbehaviour
/// words.
void word(verdict what, reply& answer);

/// What the token's text says: a google.rpc.Status with that FCM code, or without one when it is "none".
void word_said(const scripted_answer& said, reply& answer);

void word_accepted(std::string_view project, std::string_view message_id, reply& answer);
void word_fault(const message_fault& fault, reply& answer);

/// A google.rpc.Status without details, for what is no push.
void word_status(int code, std::string_view message, std::string_view status, reply& answer);

}  // namespace pusher::emulator
