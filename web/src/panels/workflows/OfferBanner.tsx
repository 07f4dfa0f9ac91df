import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { workspace } from "@/store/persist";
import { useTabs } from "@/store/persist/tabs";
import { Ago } from "./Ago";
import styles from "./KeptBanner.module.css";

const MOST = 3;

/** What was last edited elsewhere, for a browser that has nothing of its own. */
export function OfferBanner() {
  const { t } = useTranslation("files");
  const offers = useTabs((state) => state.offers);
  const close = () => useTabs.setState({ isOffering: false });
  const take = (docId: string) => {
    close();
    void workspace().restore(docId, { fromServer: true });
  };
  return (
    <div className={styles.banner} role="status" data-testid="banner-offers">
      <span>{t("banner.offers")}</span>
      {offers.slice(0, MOST).map(({ id, name, updated }) => (
        <Button
          key={id}
          size="compact-sm"
          variant="light"
          className={styles.offer ?? ""}
          onClick={() => take(id)}
        >
          {name ?? t("untitled")} <Ago at={updated} />
        </Button>
      ))}
      <Button size="compact-sm" variant="subtle" onClick={close}>
        {t("banner.later")}
      </Button>
    </div>
  );
}
