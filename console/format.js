// Numbers and times in the words of the console.

const whole = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const count = (number) => whole.format(number);

/** One device, 2 devices. */
export const several = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

export const rate = (perSecond) => (perSecond >= 100 ? whole.format(Math.round(perSecond)) : tenths.format(perSecond));

/** A share that never says 100 % or 0 % of what is not all or nothing. */
export function share(part, of) {
  if (of === 0) return "–";
  const percent = (100 * part) / of;
  if (part > 0 && percent < 0.1) return "< 0.1 %";
  if (part < of && percent > 99.9) return "> 99.9 %";
  return `${tenths.format(percent)} %`;
}

export function duration(milliseconds) {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${tenths.format(seconds)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([length]) => seconds >= length);
  const [length, name] = units[first];
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds % length) / next[0]) : 0;
  return `${Math.floor(seconds / length)} ${name}${rest ? ` ${rest} ${next[1]}` : ""}`;
}

export const exact = (time) => stamp.format(new Date(time));

export function ago(time, now = Date.now()) {
  const passed = now - new Date(time).getTime();
  if (passed < -1000) return `in ${duration(-passed)}`;
  if (passed < 5000) return "just now";
  return `${duration(Math.floor(passed / 1000) * 1000).replace(/ (\d+) (s|min|h)$/, "")} ago`;
}

/** What a notification is called in lists. */
export function nameOf(notification) {
  const { title, body } = notification.content || {};
  return title || body || notification.external_id || "Without a title";
}

export const GATEWAYS = { fcm: "FCM", apns: "APNs", webpush: "Web Push", hms: "Huawei" };
export const PLATFORMS = { android: "Android", ios: "iOS", web: "Web", other: "Other" };

/** Outcomes in the order in which they are shown, with what they mean. */
export const OUTCOMES = {
  accepted: "The gateway took it",
  skipped: "A rule left the device out",
  canceled: "The notification was canceled before",
  expired: "Its time-to-live ended before",
  unknown: "It left, and no answer came",
  unregistered: "The token is dead",
  failed: "Retries were used up",
  rejected: "Refused for good",
};

export const STATES = ["draft", "scheduled", "launched", "sending", "paused", "completed", "canceled", "expired"];

/** Whether its counts may still move. */
export const isLive = (notification) =>
  ["launched", "sending"].includes(notification.state) ||
  (["paused", "canceled"].includes(notification.state) && !notification.settled);
