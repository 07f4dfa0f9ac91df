import { useTranslation } from "react-i18next";

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** How long ago, in words; to the second in its tooltip. `at`: milliseconds since 1970. */
export function Ago({ at }: { readonly at: number }) {
  const { i18n } = useTranslation("files");
  const when = new Date(at);
  return (
    <time dateTime={when.toISOString()} title={when.toLocaleString(i18n.language)}>
      {ago(at, i18n.language)}
    </time>
  );
}

function ago(at: number, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const seconds = Math.max(0, (Date.now() - at) / 1000);
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  return unit === "second" ? format.format(0, "second") : format.format(-Math.floor(seconds / length), unit);
}
