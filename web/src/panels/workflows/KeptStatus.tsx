import { useTranslation } from "react-i18next";
import { activeTab, type Tab, useTabs } from "@/store/persist/tabs";

/** For the line at the bottom: where what is on screen is kept now. */
export function KeptStatus() {
  const { t } = useTranslation("files");
  const state = useTabs(({ tabs, active }) => keptOf(tabs.find(({ docId }) => docId === active)));
  const home = useTabs((state) => activeTab(state)?.home);
  return (
    <span title={t(`kept.${state}Hint`)} data-testid="kept" data-kept={state}>
      {t(`kept.${state}`)}
      {home?.kind === "version" && ` · ${home.branch} #${home.number}`}
    </span>
  );
}

type Kept = "saved" | "both" | "sending" | "here" | "there" | "nowhere" | "elsewhere";

function keptOf(tab: Tab | undefined): Kept {
  if (tab === undefined || tab.isSaved) return "saved";
  if (tab.isElsewhere) return "elsewhere";
  const isHere = tab.localTrouble === "";
  if (tab.server === "kept") return isHere ? "both" : "there";
  if (tab.server === "waiting") return "sending";
  return isHere ? "here" : "nowhere";
}
