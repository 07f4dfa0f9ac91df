/** Every text a person reads: catalogues by language and area. English comes with the page, others when asked for. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Catalogue } from "./catalogue";
import english from "./en";

export const LANGUAGES = ["en", "zh-CN"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What languages are called in themselves. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: "English", "zh-CN": "简体中文" };

const LOADERS: Readonly<Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>>> = {
  "zh-CN": () => import("./zh-CN"),
};

/** The language for what a person chose and, if they left it to the system, what their browser asks for. */
export function languageFor(chosen: Language | "system", asked: readonly string[]): Language {
  if (chosen !== "system") return chosen;
  for (const tag of asked) {
    if (/^zh\b/i.test(tag)) return "zh-CN";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

export async function setupI18n(chosen: Language | "system"): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    defaultNS: "app",
    resources: { en: english },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await showLanguage(chosen);
}

/** Show everything in another language. What cannot be fetched leaves the language as it is. */
export async function showLanguage(chosen: Language | "system"): Promise<void> {
  const language = languageFor(chosen, navigator.languages);
  if (language !== "en" && !i18next.hasResourceBundle(language, "app")) {
    const { default: catalogue } = await LOADERS[language]();
    for (const [area, texts] of Object.entries(catalogue)) i18next.addResourceBundle(language, area, texts);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
