import styles from "./widget.module.css";

interface Props {
  readonly label: string;
  readonly onRoll: () => void;
}

/** Draws a new seed at once. */
export function Dice({ label, onRoll }: Props) {
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.dice}
      aria-label={label}
      title={label}
      data-dice
      onClick={onRoll}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <rect
          x="2"
          y="2"
          width="12"
          height="12"
          rx="2.5"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.4"
        />
        <circle cx="5.5" cy="5.5" r="1.2" fill="currentColor" />
        <circle cx="10.5" cy="10.5" r="1.2" fill="currentColor" />
        <circle cx="8" cy="8" r="1.2" fill="currentColor" />
      </svg>
    </button>
  );
}
