import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { saveAs } from "@/store/files/saving";
import { workspace } from "@/store/persist";
import { type Tab, useTabs } from "@/store/persist/tabs";
import styles from "./KeptBanner.module.css";
import { OfferBanner } from "./OfferBanner";

/** Above the canvas: what a person should know of how their work is kept, when it is not as usual. */
export function KeptBanner() {
  const tab = useTabs(({ tabs, active }) => tabs.find(({ docId }) => docId === active));
  const isOffering = useTabs((state) => state.isOffering && state.offers.length > 0);
  return (
    <>
      {tab?.isElsewhere === true && <Elsewhere docId={tab.docId} />}
      {tab !== undefined && <Trouble tab={tab} />}
      {isOffering && <OfferBanner />}
    </>
  );
}

function Elsewhere({ docId }: { readonly docId: string }) {
  const { t } = useTranslation("files");
  return (
    <div className={styles.banner} role="status" data-testid="banner-elsewhere">
      <span>{t("banner.elsewhere")}</span>
      <Button size="compact-sm" variant="light" onClick={() => workspace().takeOver(docId)}>
        {t("banner.takeOver")}
      </Button>
    </div>
  );
}

/** Nothing is said while both places keep it, nor when there is nothing to lose. */
function Trouble({ tab }: { readonly tab: Tab }) {
  const { t } = useTranslation("files");
  const { localTrouble, server, serverDetail, isSaved, isElsewhere } = tab;
  const isAway = server === "offline" || server === "refused";
  if (isSaved || isElsewhere || (localTrouble === "" && !isAway)) return null;
  if (localTrouble === "" || !isAway) {
    const text = isAway ? t(`banner.${server}`, { reason: serverDetail }) : t(`banner.local.${localTrouble}`);
    return (
      <div className={styles.banner} role="status" data-testid="banner-kept">
        <span>{text}</span>
      </div>
    );
  }
  return (
    <div className={`${styles.banner} ${styles.serious}`} role="alert" data-testid="banner-nowhere">
      <span>{t("banner.nowhere")}</span>
      <Button size="compact-sm" variant="light" onClick={() => void saveAs()}>
        {t("banner.save")}
      </Button>
    </div>
  );
}
