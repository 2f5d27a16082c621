"""What happens to people's data after it was taken in: forgetting a person, retention, and another key."""
