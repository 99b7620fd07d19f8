using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Tests.Settings;

public class SecretTextTests
{
    [Fact]
    public void It_shows_itself_only_when_asked_by_name()
    {
        var settings = new DlmEngineSettings { Url = "https://dlm", SecretId = "id", Secret = new SecretText("hunter2") };

        Assert.Equal("hunter2", settings.Secret.Reveal());
        Assert.DoesNotContain("hunter2", settings.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", new Login("user", settings.Secret).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_was_not_read_cannot_be_used() =>
        Assert.Throws<InvalidOperationException>(SecretText.NotRead.Reveal);
}
