"""What memspy costs: one file per question, and what they share. scripts/bench runs them."""
