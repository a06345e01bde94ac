"""Networks: embedding, backbone, heads, and what composes them."""
