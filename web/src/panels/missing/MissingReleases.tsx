import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { MissingClass } from "@/graph/formats/missing";
import { askUpgrade } from "@/store/functions/classes";
import styles from "./MissingPanel.module.css";
import { NodeLinks } from "./NodeLinks";

/** Nodes that are releases of workflows this server does not keep. */
export function MissingReleases({ classes }: { readonly classes: readonly MissingClass[] }) {
  const { t } = useTranslation("app");
  return (
    <section>
      <h3>{t("missing.releases", { count: classes.length })}</h3>
      <p>{t("missing.releasesHint")}</p>
      {classes.map((one) => (
        <div key={one.type} className={styles.card} data-testid={`missing-release-${one.type}`}>
          <ul>
            <li>
              <code>{one.type}</code>
              <NodeLinks places={one.nodes} />
            </li>
          </ul>
          {one.nodes.slice(0, 1).map(({ graph, node }) => (
            <Button key={node} size="compact-xs" variant="default" onClick={() => askUpgrade(graph, node)}>
              {t("missing.otherRelease")}
            </Button>
          ))}
        </div>
      ))}
    </section>
  );
}
