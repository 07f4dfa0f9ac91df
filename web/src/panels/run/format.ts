/** Times, sizes and durations in the language of the page. */
import i18next from "i18next";

const language = () => i18next.resolvedLanguage ?? "en";

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const unit = (value: number, name: "second" | "minute" | "hour", digits = 0) =>
    new Intl.NumberFormat(language(), {
      style: "unit",
      unit: name,
      unitDisplay: "short",
      maximumFractionDigits: digits,
    }).format(value);
  if (seconds < 10) return unit(seconds, "second", seconds < 1 ? 2 : 1);
  if (seconds < 60) return unit(Math.round(seconds), "second");
  const whole = Math.round(seconds);
  if (whole < 3600) return `${unit(Math.floor(whole / 60), "minute")} ${unit(whole % 60, "second")}`;
  return `${unit(Math.floor(whole / 3600), "hour")} ${unit(Math.floor((whole % 3600) / 60), "minute")}`;
}

/** Today's times without a date. */
export function moment(milliseconds: number): string {
  const at = new Date(milliseconds);
  const isToday = at.toDateString() === new Date().toDateString();
  const date = isToday ? {} : ({ year: "numeric", month: "short", day: "numeric" } as const);
  return at.toLocaleString(language(), { ...date, hour: "2-digit", minute: "2-digit" });
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function fileSize(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(language(), {
    style: "unit",
    unit: UNITS[step] ?? "byte",
    unitDisplay: "short",
    maximumSignificantDigits: 3,
  }).format(bytes / 1000 ** step);
}
