using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Workflow;

public class CheckAnswersTests
{
    [Theory]
    [InlineData(0, CheckAnswer.No, CheckAnswer.No)]
    [InlineData(1, CheckAnswer.Yes, CheckAnswer.Yes)]
    [InlineData(125, CheckAnswer.Yes, CheckAnswer.Yes)]
    [InlineData(126, CheckAnswer.Error, CheckAnswer.Yes)]
    [InlineData(127, CheckAnswer.Error, CheckAnswer.Yes)]
    [InlineData(255, CheckAnswer.Error, CheckAnswer.Yes)]
    public void An_exit_code_answers(int code, CheckAnswer answers, CheckAnswer seed)
    {
        Assert.Equal((answers, seed), (CheckAnswers.Read(code, CheckRule.Answers), CheckAnswers.Read(code, CheckRule.AnyNonZero)));
        Assert.Equal(answers, CheckAnswers.Read(new ScriptResult.Exited(code, default), CheckRule.Answers));
    }

    [Fact]
    public void A_signal_a_timeout_and_a_script_that_did_not_start_are_no_answers()
    {
        ScriptResult[] results = [new ScriptResult.Signalled(9, default), new ScriptResult.TimedOut(default, default), new ScriptResult.NotStarted("x")];
        Assert.All(results, r => Assert.Equal(CheckAnswer.Error, CheckAnswers.Read(r, CheckRule.Answers)));
        Assert.All(results, r => Assert.Equal(CheckAnswer.Yes, CheckAnswers.Read(r, CheckRule.AnyNonZero)));
    }
}
