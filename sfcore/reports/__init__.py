"""What people look at: contact sheets, HTML reports, cards."""
