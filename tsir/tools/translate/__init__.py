"""Programs in other forms: graphs as Graphviz's text or SVG, and IR as JSON."""
