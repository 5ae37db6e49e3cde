"""The activities that ask models, away from the browser: `perceive`, `reason`, `decompose`."""
