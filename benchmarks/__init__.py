"""What we measure, side by side with the peers where they are installed. Figures: RESULTS.md."""
