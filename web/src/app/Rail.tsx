import { Indicator, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBook,
  IconBox,
  IconFolder,
  IconHistory,
  IconListTree,
  IconPhoto,
  IconPuzzleOff,
  IconRocket,
  IconStack2,
  IconTemplate,
  IconVersions,
  type TablerIcon,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { functionOf } from "@/graph/functions/declaration";
import { useEditor } from "@/store/editor";
import { countOf, useMissing } from "@/store/missing";
import { useReport } from "@/store/report";
import { useRuns } from "@/store/runs";
import { PANELS, type PanelId, togglePanel, useShell } from "@/store/shell";
import styles from "./Rail.module.css";
import { navigate } from "./route";
import { useCommandLabel } from "./useCommandLabel";
import { useRoute } from "./useRoute";

const ICONS: Readonly<Record<PanelId, TablerIcon>> = {
  workflows: IconFolder,
  versions: IconVersions,
  outline: IconListTree,
  models: IconBox,
  queue: IconStack2,
  history: IconHistory,
  gallery: IconPhoto,
  node: IconBook,
  problems: IconAlertTriangle,
  missing: IconPuzzleOff,
  publish: IconRocket,
};

/** The buttons that open panels, at the left edge or, on a phone, at the bottom. */
export function Rail() {
  const { t } = useTranslation("app");
  const route = useRoute();
  const lacks = useMissing(countOf);
  const hasReport = useReport((state) => state.report !== null);
  const isOpen = useShell((shell) => shell.panel === "missing");
  const isMissing = isOpen || hasReport || lacks > 0;
  const isFunction = useEditor((editor) => functionOf(editor.document) !== null);
  const isPublishing = useShell((shell) => shell.panel === "publish");
  const isTemplates = route.kind === "templates" || route.kind === "library";
  const isHidden: Partial<Record<PanelId, boolean>> = {
    missing: !isMissing,
    publish: !isFunction && !isPublishing,
  };
  return (
    <nav className={styles.rail} aria-label={t("panels")}>
      <RailButton
        panel="templates"
        label={t("panel.templates")}
        Icon={IconTemplate}
        isOn={isTemplates}
        onClick={() => navigate(isTemplates ? { kind: "canvas" } : { kind: "templates" })}
      />
      {PANELS.filter((panel) => isHidden[panel] !== true).map((panel) => (
        <PanelButton key={panel} panel={panel} />
      ))}
    </nav>
  );
}

function PanelButton({ panel }: { readonly panel: PanelId }) {
  const { t } = useTranslation("app");
  const isOpen = useShell((shell) => shell.panel === panel);
  const problems = useRuns((runs) => (panel === "problems" ? runs.problems.length : 0));
  const lacks = useMissing((missing) => (panel === "missing" ? countOf(missing) : 0));
  const count = problems + lacks;
  const { withKeys } = useCommandLabel(`panel.${panel}`);
  const label = count > 0 ? t(`panel.${panel}Count`, { count }) : t(`panel.${panel}`);
  return (
    <RailButton
      label={label}
      hint={count > 0 ? label : withKeys}
      Icon={ICONS[panel]}
      isOn={isOpen}
      count={count}
      onClick={() => togglePanel(panel)}
      panel={panel}
    />
  );
}

interface ButtonProps {
  readonly label: string;
  /** For the tooltip, if it says more. */
  readonly hint?: string;
  readonly Icon: TablerIcon;
  readonly isOn: boolean;
  readonly count?: number;
  readonly panel: PanelId | "templates";
  readonly onClick: () => void;
}

function RailButton({ label, hint = label, Icon, isOn, count = 0, panel, onClick }: ButtonProps) {
  return (
    <Tooltip label={hint} position="right" disabled={isOn}>
      <button
        type="button"
        className={styles.button}
        aria-label={label}
        aria-pressed={isOn}
        data-testid={`panel-button-${panel}`}
        onClick={onClick}
      >
        <Indicator label={count} size={16} disabled={count === 0} offset={2}>
          <Icon size={20} stroke={1.6} aria-hidden />
        </Indicator>
      </button>
    </Tooltip>
  );
}
