"""The web application: Streamlit's pages with ``/api/health``, ``/metrics`` and ``/api/v1`` beside them."""
